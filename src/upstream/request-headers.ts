/**
 * The field section that the upstream sees. What a client could forge is removed in every spelling that a server may
 * fold into one (case, `_` for `-`), and set anew by us.
 */

import type { Route } from '../config/config.ts';
import type { AccessToken } from '../token/access-token.ts';
import { isHopByHop, readConnectionOptions } from './hop-by-hop.ts';

export interface HeaderPolicy {
  /** Folded names (see `fold`) that are never taken from the client on this route. */
  readonly removed: ReadonlySet<string>;
  readonly forwardToken: boolean;
  /** Header name and claim name. */
  readonly identity: readonly (readonly [string, string])[];
}

export interface Peer {
  /** The client's address, as the socket has it. */
  readonly address: string;
  /** The Host as sent, valid. */
  readonly authority: string;
}

/** Ours to set, or of no concern to the upstream. */
const ALWAYS_REMOVED = ['host', 'expect', 'forwarded', 'content-length'];
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @returns what `route` removes and adds, compiled once at load. */
export function createHeaderPolicy(route: Route): HeaderPolicy {
  const identity = route.public ? [] : [...route.claimsToHeaders];
  return {
    removed: new Set([...ALWAYS_REMOVED, ...identity.map(([name]) => fold(name))]),
    forwardToken: route.forwardToken,
    identity,
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
  peer: Peer,
  identity: AccessToken | undefined,
): string[] {
  const headers: string[] = [];
  const listed = readConnectionOptions(received);
  for (let index = 0; index + 1 < received.length; index += 2) {
    const name = received[index] ?? '';
    if (isForwarded(policy, name.toLowerCase(), listed)) headers.push(name, received[index + 1] ?? '');
  }
  pushOrigin(headers, peer);
  for (const [name, claim] of policy.identity) {
    const value = identity && claimToField(identity.claims[claim]);
    if (value !== undefined) headers.push(name, value);
  }
  return headers;
}

/** Connection may not list Authorization: whether the token is forwarded is the operator's policy, not the client's. */
function isForwarded(policy: HeaderPolicy, name: string, listed: ReadonlySet<string> | undefined): boolean {
  if (name === 'authorization') return policy.forwardToken;
  const folded = fold(name);
  return !isHopByHop(name, listed) && !policy.removed.has(folded) && !folded.startsWith('x-forwarded-');
}

/** CGI and its heirs make the same variable of `X_User` and `X-User`. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** RFC 7239, the fields that came before it, and Via (RFC 9110 section 7.6.3). */
function pushOrigin(headers: string[], { address, authority }: Peer): void {
  const client = address.startsWith('::ffff:') ? address.slice(7) : address;
  const node = client.includes(':') ? `"[${client}]"` : client;
  headers.push('X-Forwarded-For', client, 'X-Forwarded-Host', authority, 'X-Forwarded-Proto', 'http');
  headers.push('Forwarded', `for=${node};host="${authority}";proto=http`, 'Via', '1.1 audgate');
}

/** Text as UTF-8 bytes, one Latin-1 character each. What a field cannot carry whole is left out, never cut or escaped. */
function claimToField(claim: unknown): string | undefined {
  const value = Array.isArray(claim) && claim.every(item => typeof item === 'string') ? claim.join(' ') : claim;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const field = Buffer.from(String(value), 'utf8').toString('latin1');
  return field !== '' && field === field.trim() && FIELD_VALUE.test(field) ? field : undefined;
}
