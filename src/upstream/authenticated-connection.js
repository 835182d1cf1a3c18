/**
 * Logins that authenticate a connection instead of a request, against RFC 9110 section 11: NTLM, and Negotiate with its
 * siblings (RFC 4559 section 6 forbids proxies to share such a connection). Another client's request on it would
 * pass for the first client's.
 */
import { reduceFields } from '../http/header-list.js';
/**
 * At the start of a value, or behind anything that may separate credentials or challenges: a comma, a blank of any kind.
 * It also matches elsewhere, such as in a quoted realm; that costs a connection of its own and nothing else.
 */
const SCHEME = /(?:^|[\s,;])(?:ntlm|nego|kerberos|spnego|gss)[\w-]*(?![^\s,;=:"])/i;
/** Fields of a request or a response that name a scheme. */
const SCHEME_FIELDS = new Set([
    'authorization',
    'www-authenticate',
    'proxy-authenticate',
    'authentication-info',
    'proxy-authentication-info',
]);
/** IIS sends it on a connection that it has authenticated, whatever the scheme was. */
const PERSISTENT_AUTH = 'persistent-auth';
const LENGTHS = new Set([...SCHEME_FIELDS, PERSISTENT_AUTH].map(name => name.length));
/**
 * @param fields of a request that is forwarded, or of its upstream's response.
 * @returns whether the connection may be authenticated from now on, and so must serve no other client.
 */
export function authenticatesConnection(fields) {
    return reduceFields(fields, isLogin, false);
}
function isLogin(found, name, value) {
    if (found || !LENGTHS.has(name.length))
        return found;
    const lower = name.toLowerCase();
    return lower === PERSISTENT_AUTH || (SCHEME_FIELDS.has(lower) && SCHEME.test(value));
}
