/**
 * Logins that authenticate a connection instead of a request, against RFC 9110 section 11: NTLM, and Negotiate with its
 * siblings (RFC 4559 section 6 forbids proxies to share such a connection). Whoever uses it next is taken for the first.
 */

/**
 * At the start of a field, or behind whatever may separate credentials or challenges: a comma, a blank of any kind. Found
 * in other places too, such as a quoted realm, which costs a connection of its own and nothing else.
 */
const SCHEME = /(?:^|[\s,;])(?:ntlm|nego|kerberos|spnego|gss)[\w-]*(?![^\s,;=:"])/i;

/** Fields of a request or a response that name a scheme. */
const NAMING: ReadonlySet<string> = new Set([
  'authorization',
  'www-authenticate',
  'proxy-authenticate',
  'authentication-info',
  'proxy-authentication-info',
]);

/** IIS says so of a connection that it has authenticated, whatever the scheme was. */
const PERSISTENT_AUTH = 'persistent-auth';

const LENGTHS: ReadonlySet<number> = new Set([...NAMING, PERSISTENT_AUTH].map(name => name.length));

/**
 * @param fields of a request that is forwarded, or of what its upstream answered: alternating names and values.
 * @returns whether the connection may be authenticated from now on: it belongs to one client then.
 */
export function authenticatesConnection(fields: readonly string[]): boolean {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? '';
    if (LENGTHS.has(name.length) && isLogin(name.toLowerCase(), fields[index + 1] ?? '')) return true;
  }
  return false;
}

function isLogin(name: string, value: string): boolean {
  return name === PERSISTENT_AUTH || (NAMING.has(name) && SCHEME.test(value));
}
