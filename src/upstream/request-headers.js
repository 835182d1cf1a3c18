/**
 * The header fields that the upstream gets. Fields that a client could forge are removed in every spelling that a server may
 * fold into one, then set by the gateway. `config/values/header/reserved-fields.ts` lists them, with the reasons.
 */
import { findReservedField, foldFieldName } from '../config/values/header/reserved-fields.js';
import { readConnectionOptions, reduceFields } from '../http/header-list.js';
import { readClient } from '../token/client.js';
import { formatNode } from './client-info/node.js';
import { joinPrefixes } from './client-info/prefix.js';
import { REQUEST_ID_FIELD } from './client-info/request-id.js';
/**
 * Names as clients spell them, each read once: to fold a name for each request would cost more than the audience check.
 * Bounded, since clients choose them.
 */
const names = new Map();
const MOST_NAMES = 1_024;
const LONGEST_NAME = 64;
const NO_NAMES = new Set();
const FIELD_VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;
/** @returns the folded names that `routes` set: what one of them sets, a client may not set through another. */
export function listIdentityNames(routes) {
    return new Set(routes.flatMap(route => (route.public ? [] : [...route.claimsToHeaders.keys()])).map(foldFieldName));
}
/**
 * @param identityNames `listIdentityNames` of every route: two names of an upstream may lead to one server.
 * @returns what `route` removes and adds. Created for the first request of a route, then reused.
 */
export function createHeaderPolicy(route, identityNames = listIdentityNames([route])) {
    const { set, remove } = route.requestHeaders;
    const replaced = new Set([...set.keys(), ...remove].map(foldFieldName));
    return {
        identityNames,
        replaced: replaced.size > 0 ? replaced : undefined,
        set: [...set].flat(),
        strippedPrefix: route.stripPrefix && route.prefix !== '/' ? route.prefix : '',
        dropsMethods: !route.public && route.enforcement !== 'report',
        forwardToken: route.upstreamToken === 'forward',
        fromProxy: NO_NAMES,
        listed: undefined,
        identity: route.public ? [] : [...route.claimsToHeaders],
    };
}
/**
 * @param received the client's fields, as parsed.
 * @param requestId replaces the client's own X-Request-Id.
 * @param identity the verified token; `undefined` sets no identity header, and removes the client's all the same.
 * @returns the fields without Host and framing, which belong to the connection.
 */
export function createRequestHeaders(policy, received, client, requestId, identity) {
    // Ours come first: some servers stop reading after so many fields, without an error.
    const headers = createForwardingFields(client, policy.strippedPrefix);
    headers.push(REQUEST_ID_FIELD, requestId, ...policy.set);
    for (const [name, claim] of policy.identity) {
        const value = identity && claimToField(readClaim(identity, claim));
        if (value !== undefined)
            headers.push(name, value);
    }
    const listed = readConnectionOptions(received);
    // Nearly every request needs no filter of its own.
    const filter = listed || client.isFromTrustedProxy ? { ...policy, listed, fromProxy: listProxyFields(client, received) } : policy;
    reduceFields(received, addForwarded, headers, filter);
    return headers;
}
/**
 * @returns the folded names of the fields about a client's connection that a trusted proxy has set: only fields that occur
 *   once after folding. If one occurs twice, the client may have sent one of them and servers differ on which they read, so
 *   all are removed.
 */
function listProxyFields({ isFromTrustedProxy }, received) {
    if (!isFromTrustedProxy)
        return NO_NAMES;
    const none = { once: new Set(), repeated: new Set() };
    const { once, repeated } = reduceFields(received, countPeerField, none);
    return new Set([...once].filter(name => !repeated.has(name)));
}
function countPeerField(fields, name) {
    const { treatment, folded } = findName(name);
    if (treatment === 'peer')
        (fields.once.has(folded) ? fields.repeated : fields.once).add(folded);
    return fields;
}
function addForwarded(headers, name, value, filter) {
    if (isForwarded(filter, findName(name)))
        headers.push(name, value);
    return headers;
}
/** Authorization is forwarded by the policy of the route, also if the client lists it in Connection. */
function isForwarded(filter, { lower, folded, treatment }) {
    if (lower === 'authorization')
        return filter.forwardToken;
    if (filter.replaced?.has(folded))
        return false;
    if (treatment === 'removed' || filter.identityNames.has(folded) || filter.listed?.has(lower))
        return false;
    return treatment === 'kept' || (treatment === 'peer' ? filter.fromProxy.has(folded) : !filter.dropsMethods);
}
function findName(name) {
    return names.get(name) ?? readName(name);
}
function readName(received) {
    // A copy: the name is a part of the text of a whole head, which would be kept with it.
    const name = Buffer.from(received, 'latin1').toString('latin1');
    const folded = foldFieldName(name);
    const read = { lower: name.toLowerCase(), folded, treatment: treatmentOf(folded) };
    // Emptied when it is full, so that odd names of one client do not keep the ordinary ones out.
    if (names.size >= MOST_NAMES)
        names.clear();
    if (name.length <= LONGEST_NAME)
        names.set(name, read);
    return read;
}
function treatmentOf(folded) {
    const group = findReservedField(folded)?.group;
    if (group === undefined || group === 'message')
        return 'kept';
    return group === 'method' || group === 'peer' ? group : 'removed';
}
/** RFC 7239, and the fields that are older than it. @param stripped the path that is cut off here, behind what proxies before have cut off. */
function createForwardingFields({ chain, authority, protocol, port, prefix }, stripped) {
    const fields = ['X-Forwarded-For', chain.join(', ')];
    if (authority !== undefined)
        fields.push('X-Forwarded-Host', authority);
    fields.push('X-Forwarded-Proto', protocol);
    if (port !== undefined)
        fields.push('X-Forwarded-Port', port);
    const removed = stripped === '' ? prefix : joinPrefixes(prefix) + stripped;
    if (removed !== undefined)
        fields.push('X-Forwarded-Prefix', removed);
    const nodes = chain.map(node => `for=${formatNode(node)}`).join(', ');
    fields.push('Forwarded', `${nodes}${authority === undefined ? '' : `;host="${authority}"`};proto=${protocol}`);
    return fields;
}
/** `client_id` is the client of the token, under whichever name its issuer has it. */
function readClaim({ claims }, claim) {
    return claim === 'client_id' ? readClient(claims) : claims[claim];
}
/** Text as UTF-8 bytes, one Latin-1 character each. A value that a field cannot hold whole is left out, never cut or escaped. */
function claimToField(claim) {
    const text = claimToText(claim);
    if (text === undefined || !text.isWellFormed())
        return undefined;
    const field = Buffer.from(text, 'utf8').toString('latin1');
    return FIELD_VALUE.test(field) ? field : undefined;
}
/** A list with spaces between its entries, as scopes are written. A number only where JSON has not rounded it. */
function claimToText(claim) {
    if (typeof claim === 'string')
        return claim;
    if (typeof claim === 'boolean' || Number.isSafeInteger(claim))
        return String(claim);
    const isList = Array.isArray(claim) && claim.every(entry => typeof entry === 'string' && /^[^ ]+$/.test(entry));
    return isList ? claim.join(' ') : undefined;
}
