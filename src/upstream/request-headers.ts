/**
 * The field section that the upstream sees. What a client could forge is removed in every spelling that a server may
 * fold into one (case, and `_` or `.` for `-`), and set anew by us.
 */

import type { Route } from '../config/config.ts';
import type { AccessToken } from '../token/access-token.ts';
import { isHopByHop, readConnectionOptions } from './hop-by-hop.ts';

export interface HeaderPolicy {
  /** Folded names (see `fold`) that are never taken from the client on this route … */
  readonly removed: ReadonlySet<string>;
  /** … nor on any other route to that upstream. */
  readonly taken: ReadonlySet<string>;
  readonly forwardToken: boolean;
  /** Header name and claim name. */
  readonly identity: readonly (readonly [string, string])[];
}

/** Where the request comes from, as far as we know it. */
export interface Origin {
  /** `X-Forwarded-For`: the client's address, or the chain that a trusted proxy gave, continued by the proxy's. */
  readonly chain: string;
  /** The Host that the client asked for. */
  readonly authority: string;
  readonly protocol: string;
}

/** Ours to set, of no concern to the upstream, or read by some servers as the path that was not matched. */
const REMOVED: ReadonlySet<string> = new Set([
  'host',
  'expect',
  'forwarded',
  'content-length',
  'x-original-url',
  'x-rewrite-url',
]);
/** With those that some servers read as the method that was not authorised. */
const REMOVED_WITH_OVERRIDES: ReadonlySet<string> = new Set([
  ...REMOVED,
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]);
interface FieldName {
  readonly lower: string;
  readonly folded: string;
  /** Ends at this hop, or is set by us, on every route. */
  readonly isOurs: boolean;
}

/** Names as clients spell them, read once: folding each anew would cost more than the audience check. Bounded, as they choose them. */
const names = new Map<string, FieldName>();
const MOST_NAMES = 1_024;
const LONGEST_NAME = 64;
const FIELD_VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

/** @returns the folded names that `routes` to one upstream set: what one of them sets, a client may not set through another. */
export function listIdentityNames(routes: readonly Route[]): ReadonlySet<string> {
  return new Set(routes.flatMap(route => (route.public ? [] : [...route.claimsToHeaders.keys()])).map(fold));
}

/**
 * @param taken `listIdentityNames` of every route to that upstream.
 * @returns what `route` removes and adds, compiled once at load.
 */
export function createHeaderPolicy(route: Route, taken = listIdentityNames([route])): HeaderPolicy {
  return {
    removed: dependsOnMethod(route) ? REMOVED_WITH_OVERRIDES : REMOVED,
    taken,
    forwardToken: route.forwardToken,
    identity: route.public ? [] : [...route.claimsToHeaders],
  };
}

function dependsOnMethod(route: Route): boolean {
  return !route.public && route.scopeRules.some(rule => rule.method !== '*');
}

/**
 * @param received the client's fields: alternating names and values, as parsed, duplicates included.
 * @param identity whom the request comes from; `undefined` sets no identity header, and removes the client's all the same.
 * @returns alternating names and values, without Host and framing, which belong to the connection.
 */
export function createRequestHeaders(
  policy: HeaderPolicy,
  received: readonly string[],
  origin: Origin,
  identity: AccessToken | undefined,
): string[] {
  // Ours come first: some servers stop reading after so many fields, and say nothing.
  const headers = originFields(origin);
  for (const [name, claim] of policy.identity) {
    const value = identity && claimToField(identity.claims[claim]);
    if (value !== undefined) headers.push(name, value);
  }
  const listed = readConnectionOptions(received);
  for (let index = 0; index + 1 < received.length; index += 2) {
    const name = received[index] ?? '';
    if (isForwarded(policy, names.get(name) ?? readName(name), listed)) headers.push(name, received[index + 1] ?? '');
  }
  headers.push('Via', '1.1 audgate');
  return headers;
}

/** Connection may not list Authorization: whether the token is forwarded is the operator's policy, not the client's. */
function isForwarded(
  policy: HeaderPolicy,
  { lower, folded, isOurs }: FieldName,
  listed: ReadonlySet<string> | undefined,
) {
  if (lower === 'authorization') return policy.forwardToken;
  return !isOurs && !policy.removed.has(folded) && !policy.taken.has(folded) && !listed?.has(lower);
}

function readName(name: string): FieldName {
  const folded = fold(name);
  const isOurs = isHopByHop(folded) || folded.startsWith('x-forwarded-');
  const read = { lower: name.toLowerCase(), folded, isOurs };
  // Emptied when it is full: odd names that somebody sent must not keep the ordinary ones out.
  if (names.size >= MOST_NAMES) names.clear();
  if (name.length <= LONGEST_NAME) names.set(name, read);
  return read;
}

/** CGI and its heirs make the same variable of `X_User` and `X-User`, some of `X.User`, too. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** RFC 7239, and the fields that came before it. */
function originFields({ chain, authority, protocol }: Origin): string[] {
  const nodes = chain.split(', ').map(address => `for=${address.includes(':') ? `"[${address}]"` : address}`);
  nodes.push(`${nodes.pop()};host="${authority}";proto=${protocol}`);
  const forwarded = ['X-Forwarded-For', chain, 'X-Forwarded-Host', authority, 'X-Forwarded-Proto', protocol];
  return [...forwarded, 'Forwarded', nodes.join(', ')];
}

/** Text as UTF-8 bytes, one Latin-1 character each. What a field cannot carry whole is left out, never cut or escaped. */
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
