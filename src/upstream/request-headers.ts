/**
 * The header fields that the upstream gets. Fields that a client could forge are removed in every spelling that a server may
 * fold into one, then set by the gateway. `config/values/header/reserved-fields.ts` lists them, with the reasons.
 */

import type { Route } from '../config/config.ts';
import { findReservedField, foldFieldName } from '../config/values/header/reserved-fields.ts';
import { type HeaderList, NO_FIELDS, readConnectionOptions, reduceFields } from '../http/header-list.ts';
import type { AccessToken } from '../token/access-token.ts';
import { readClient } from '../token/client.ts';
import type { IssuedToken } from '../token/exchange/issued-token.ts';
import type { ClientInfo } from './client-info/client-info.ts';
import { formatNode } from './client-info/node.ts';
import { joinPrefixes } from './client-info/prefix.ts';
import { REQUEST_ID_FIELD } from './client-info/request-id.ts';

/** Which of the client's fields are forwarded. */
interface FieldFilter {
  /** Folded names that some route sets from claims: no client may set them, on this route or any other. */
  readonly identityNames: ReadonlySet<string>;
  /** Whether fields that replace the method are removed: this route refuses by method. */
  readonly dropsMethods: boolean;
  readonly forwardToken: boolean;
  /** Folded names that the route sets or removes; `undefined` for none. */
  readonly replaced: ReadonlySet<string> | undefined;
  /** Folded names of fields about the client's connection, as a trusted proxy sent them. */
  readonly fromProxy: ReadonlySet<string>;
  /** Names that Connection lists, lower-case. */
  readonly listed: ReadonlySet<string> | undefined;
}

/** What a route removes and adds. Its `fromProxy` and `listed` are empty: they belong to one request. */
export interface HeaderPolicy extends FieldFilter {
  /** Header name and claim name. */
  readonly identity: readonly (readonly [string, string])[];
  /** Fields with values of the configuration, which may be secrets. */
  readonly set: HeaderList;
  /** Whether a token that was issued for the upstream is sent. Then the client's is not. */
  readonly sendsIssued: boolean;
  /** What is cut off the path: `` or `/app`. */
  readonly strippedPrefix: string;
}

interface FieldName {
  readonly lower: string;
  readonly folded: string;
  readonly treatment: 'removed' | 'method' | 'peer' | 'kept';
}

/**
 * Names as clients spell them, each read once: to fold a name for each request would cost more than the audience check.
 * Bounded, since clients choose them.
 */
const names = new Map<string, FieldName>();
const MOST_NAMES = 1_024;
const LONGEST_NAME = 64;
const NO_NAMES: ReadonlySet<string> = new Set();
const FIELD_VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

/** @returns the folded names that `routes` set: what one of them sets, a client may not set through another. */
export function listIdentityNames(routes: readonly Route[]): ReadonlySet<string> {
  return new Set(routes.flatMap(route => (route.public ? [] : [...route.claimsToHeaders.keys()])).map(foldFieldName));
}

/**
 * @param identityNames `listIdentityNames` of every route: two names of an upstream may lead to one server.
 * @returns what `route` removes and adds. Created for the first request of a route, then reused.
 */
export function createHeaderPolicy(route: Route, identityNames = listIdentityNames([route])): HeaderPolicy {
  const { set, remove } = route.requestHeaders;
  const replaced = new Set([...set.keys(), ...remove].map(foldFieldName));
  return {
    identityNames,
    replaced: replaced.size > 0 ? replaced : undefined,
    set: [...set].flat(),
    strippedPrefix: route.stripPrefix && route.prefix !== '/' ? route.prefix : '',
    dropsMethods: !route.public && route.enforcement !== 'report',
    forwardToken: route.upstreamToken === 'forward',
    sendsIssued: route.upstreamToken === 'exchange',
    fromProxy: NO_NAMES,
    listed: undefined,
    identity: route.public ? [] : [...route.claimsToHeaders],
  };
}

/**
 * @param received the client's fields, as parsed.
 * @param requestId replaces the client's own X-Request-Id.
 * @param identity the verified token; `undefined` sets no identity header, and removes the client's all the same.
 * @param issued the token for the upstream. Only a route with `exchange` sends it, and there nothing else is sent as Authorization.
 * @returns the fields without Host and framing, which belong to the connection.
 */
export function createRequestHeaders(
  policy: HeaderPolicy,
  received: HeaderList,
  client: ClientInfo,
  requestId: string,
  identity: AccessToken | undefined,
  issued?: IssuedToken,
): string[] {
  // Ours come first: some servers stop reading after so many fields, without an error.
  const headers = createForwardingFields(client, policy.strippedPrefix);
  headers.push(REQUEST_ID_FIELD, requestId, ...policy.set);
  if (policy.sendsIssued && issued) headers.push('Authorization', issued.authorization);
  if (identity) addIdentity(headers, policy.identity, identity);
  const listed = readConnectionOptions(received);
  // Nearly every request needs no filter of its own.
  const filter =
    listed || client.isFromTrustedProxy ? { ...policy, listed, fromProxy: listProxyFields(client, received) } : policy;
  reduceFields(received, addForwarded, headers, filter);
  return headers;
}

/** @returns the fields of `route` that name whom a verified token stands for; none without one. */
export function createIdentityFields(route: Route, identity: AccessToken | undefined): HeaderList {
  return route.public || !identity ? NO_FIELDS : addIdentity([], route.claimsToHeaders, identity);
}

/** @param claims header name and claim name. */
function addIdentity(
  headers: string[],
  claims: Iterable<readonly [string, string]>,
  identity: AccessToken,
): HeaderList {
  for (const [name, claim] of claims) {
    const value = claimToField(readClaim(identity, claim));
    if (value !== undefined) headers.push(name, value);
  }
  return headers;
}

/**
 * @returns the folded names of the fields about a client's connection that a trusted proxy has set: only fields that occur
 *   once after folding. If one occurs twice, the client may have sent one of them and servers differ on which they read, so
 *   all are removed.
 */
function listProxyFields({ isFromTrustedProxy }: ClientInfo, received: HeaderList): ReadonlySet<string> {
  if (!isFromTrustedProxy) return NO_NAMES;
  const none: PeerFields = { once: new Set(), repeated: new Set() };
  const { once, repeated } = reduceFields(received, countPeerField, none);
  return new Set([...once].filter(name => !repeated.has(name)));
}

interface PeerFields {
  readonly once: Set<string>;
  readonly repeated: Set<string>;
}

function countPeerField(fields: PeerFields, name: string): PeerFields {
  const { treatment, folded } = findName(name);
  if (treatment === 'peer') (fields.once.has(folded) ? fields.repeated : fields.once).add(folded);
  return fields;
}

function addForwarded(headers: string[], name: string, value: string, filter: FieldFilter): string[] {
  if (isForwarded(filter, findName(name))) headers.push(name, value);
  return headers;
}

/** Authorization is forwarded by the policy of the route, also if the client lists it in Connection. */
function isForwarded(filter: FieldFilter, { lower, folded, treatment }: FieldName): boolean {
  if (lower === 'authorization') return filter.forwardToken;
  if (filter.replaced?.has(folded)) return false;
  if (treatment === 'removed' || filter.identityNames.has(folded) || filter.listed?.has(lower)) return false;
  return treatment === 'kept' || (treatment === 'peer' ? filter.fromProxy.has(folded) : !filter.dropsMethods);
}

function findName(name: string): FieldName {
  return names.get(name) ?? readName(name);
}

function readName(received: string): FieldName {
  // A copy: the name is a part of the text of a whole head, which would be kept with it.
  const name = Buffer.from(received, 'latin1').toString('latin1');
  const folded = foldFieldName(name);
  const read = { lower: name.toLowerCase(), folded, treatment: treatmentOf(folded) };
  // Emptied when it is full, so that odd names of one client do not keep the ordinary ones out.
  if (names.size >= MOST_NAMES) names.clear();
  if (name.length <= LONGEST_NAME) names.set(name, read);
  return read;
}

function treatmentOf(folded: string): FieldName['treatment'] {
  const group = findReservedField(folded)?.group;
  if (group === undefined || group === 'message') return 'kept';
  return group === 'method' || group === 'peer' ? group : 'removed';
}

/** RFC 7239, and the fields that are older than it. @param stripped the path that is cut off here, behind what proxies before have cut off. */
function createForwardingFields({ chain, authority, protocol, port, prefix }: ClientInfo, stripped: string): string[] {
  const fields = ['X-Forwarded-For', chain.join(', ')];
  if (authority !== undefined) fields.push('X-Forwarded-Host', authority);
  fields.push('X-Forwarded-Proto', protocol);
  if (port !== undefined) fields.push('X-Forwarded-Port', port);
  const removed = stripped === '' ? prefix : joinPrefixes(prefix) + stripped;
  if (removed !== undefined) fields.push('X-Forwarded-Prefix', removed);
  const nodes = chain.map(node => `for=${formatNode(node)}`).join(', ');
  fields.push('Forwarded', `${nodes}${authority === undefined ? '' : `;host="${authority}"`};proto=${protocol}`);
  return fields;
}

/** `client_id` is the client of the token, under whichever name its issuer has it. */
function readClaim({ claims }: AccessToken, claim: string): unknown {
  return claim === 'client_id' ? readClient(claims) : claims[claim];
}

/** Text as UTF-8 bytes, one Latin-1 character each. A value that a field cannot hold whole is left out, never cut or escaped. */
function claimToField(claim: unknown): string | undefined {
  const text = claimToText(claim);
  if (text === undefined || !text.isWellFormed()) return undefined;
  const field = Buffer.from(text, 'utf8').toString('latin1');
  return FIELD_VALUE.test(field) ? field : undefined;
}

/** A list with spaces between its entries, as scopes are written. A number only where JSON has not rounded it. */
function claimToText(claim: unknown): string | undefined {
  if (typeof claim === 'string') return claim;
  if (typeof claim === 'boolean' || Number.isSafeInteger(claim)) return String(claim);
  const isList = Array.isArray(claim) && claim.every(entry => typeof entry === 'string' && /^[^ ]+$/.test(entry));
  return isList ? claim.join(' ') : undefined;
}
