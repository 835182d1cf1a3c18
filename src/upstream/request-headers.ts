/**
 * The field section that the upstream sees. What a client could forge is removed in every spelling that a server may
 * fold into one (`config/reserved-fields.ts` says what, and why), and set anew by us.
 */

import type { Route } from '../config/config.ts';
import { findReservedField, foldFieldName } from '../config/values/header/reserved-fields.ts';
import type { AccessToken } from '../token/access-token.ts';
import { readClient } from '../token/client.ts';
import { readConnectionOptions } from './hop-by-hop.ts';

export interface HeaderPolicy {
  /** Folded names that some route sets from claims: a client may not set them on this route or any other. */
  readonly taken: ReadonlySet<string>;
  /** Whether fields that replace the method are removed: this route refuses by method. */
  readonly dropsMethods: boolean;
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
  /** Whether the peer is a trusted proxy, whose word on its client's connection is passed on. */
  readonly isFromTrustedProxy?: boolean;
}

interface FieldName {
  readonly lower: string;
  readonly folded: string;
  readonly treatment: 'removed' | 'method' | 'peer' | 'kept';
}

/** Names as clients spell them, read once: folding each anew would cost more than the audience check. Bounded, as they choose them. */
const names = new Map<string, FieldName>();
const MOST_NAMES = 1_024;
const LONGEST_NAME = 64;
const NOTHING: ReadonlySet<string> = new Set();
const FIELD_VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

/** @returns the folded names that `routes` set: what one of them sets, a client may not set through another. */
export function listIdentityNames(routes: readonly Route[]): ReadonlySet<string> {
  return new Set(routes.flatMap(route => (route.public ? [] : [...route.claimsToHeaders.keys()])).map(foldFieldName));
}

/**
 * @param taken `listIdentityNames` of every route: two names of an upstream may lead to one server.
 * @returns what `route` removes and adds, compiled once at load.
 */
export function createHeaderPolicy(route: Route, taken = listIdentityNames([route])): HeaderPolicy {
  return {
    taken,
    dropsMethods: !route.public && route.enforcement !== 'report',
    forwardToken: route.upstreamToken === 'forward',
    identity: route.public ? [] : [...route.claimsToHeaders],
  };
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
    const value = identity && claimToField(readClaim(identity, claim));
    if (value !== undefined) headers.push(name, value);
  }
  const listed = readConnectionOptions(received);
  const told = origin.isFromTrustedProxy ? listToldOnce(received) : NOTHING;
  for (let index = 0; index + 1 < received.length; index += 2) {
    const name = received[index] ?? '';
    if (isForwarded(policy, findName(name), told, listed)) headers.push(name, received[index + 1] ?? '');
  }
  headers.push('Via', '1.1 audgate');
  return headers;
}

/**
 * @returns the folded names of the fields about a client's connection that a trusted proxy may have set: those that stand
 *   once. Beside the proxy's own, a second one in any spelling is the client's, and who reads it is not known.
 */
function listToldOnce(received: readonly string[]): ReadonlySet<string> {
  const once = new Set<string>();
  const more = new Set<string>();
  for (let index = 0; index < received.length; index += 2) {
    const { treatment, folded } = findName(received[index] ?? '');
    if (treatment === 'peer') (once.has(folded) ? more : once).add(folded);
  }
  return new Set([...once].filter(name => !more.has(name)));
}

/** Connection may not list Authorization: whether the token is forwarded is the operator's policy, not the client's. */
function isForwarded(
  policy: HeaderPolicy,
  { lower, folded, treatment }: FieldName,
  told: ReadonlySet<string>,
  listed: ReadonlySet<string> | undefined,
): boolean {
  if (lower === 'authorization') return policy.forwardToken;
  if (treatment === 'removed' || policy.taken.has(folded) || listed?.has(lower)) return false;
  return treatment === 'kept' || (treatment === 'peer' ? told.has(folded) : !policy.dropsMethods);
}

function findName(name: string): FieldName {
  return names.get(name) ?? readName(name);
}

function readName(name: string): FieldName {
  const folded = foldFieldName(name);
  const read = { lower: name.toLowerCase(), folded, treatment: treatmentOf(folded) };
  // Emptied when it is full: odd names that somebody sent must not keep the ordinary ones out.
  if (names.size >= MOST_NAMES) names.clear();
  if (name.length <= LONGEST_NAME) names.set(name, read);
  return read;
}

function treatmentOf(folded: string): FieldName['treatment'] {
  const group = findReservedField(folded)?.group;
  if (group === undefined || group === 'message') return 'kept';
  return group === 'method' || group === 'peer' ? group : 'removed';
}

/** RFC 7239, and the fields that came before it. */
function originFields({ chain, authority, protocol }: Origin): string[] {
  const nodes = chain.split(', ').map(address => `for=${address.includes(':') ? `"[${address}]"` : address}`);
  nodes.push(`${nodes.pop()};host="${authority}";proto=${protocol}`);
  const forwarded = ['X-Forwarded-For', chain, 'X-Forwarded-Host', authority, 'X-Forwarded-Proto', protocol];
  return [...forwarded, 'Forwarded', nodes.join(', ')];
}

/** `client_id` stands for the client of the token, under whichever name its issuer has it. */
function readClaim({ claims }: AccessToken, claim: string): unknown {
  return claim === 'client_id' ? readClient(claims) : claims[claim];
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
