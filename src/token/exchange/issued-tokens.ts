/**
 * Issued tokens, and the calls under way for them: kept over reloads, in a bounded number and size. They are found by the hash of all that
 * the endpoint was asked with, so that no two resources, scopes, clients or callers share one.
 */

import { hash } from 'node:crypto';
import type { Exchange } from '../../config/exchange-config.ts';
import { BoundedCache } from '../bounded-cache.ts';
import type { ExchangeFailure } from './exchange-failure.ts';
import type { IssuedToken } from './issued-token.ts';

/** The token of a client, which has verified. */
export interface SubjectToken {
  /** A secret. */
  readonly token: string;
  readonly issuer: string;
  /** `exp`: seconds since 1970. */
  readonly expiresAt: number;
}

export type Exchanged = IssuedToken | ExchangeFailure;

/** The share of the heap that all entries together may use. */
const HEAP_SHARE = 1 / 16;
/** Bytes of an entry without its token and its audiences. */
const ENTRY_SIZE = 512;

export class IssuedTokens {
  readonly #tokens = new BoundedCache<IssuedToken>(HEAP_SHARE);
  /** By the same keys. */
  readonly underWay = new Map<string, Promise<Exchanged>>();

  /** @param now milliseconds since 1970. @returns the token that was issued for this, as long as it is in time. */
  find(key: string, now: number): IssuedToken | undefined {
    const token = this.#tokens.get(key);
    return token && now < token.expiresAt ? token : undefined;
  }

  /** Keeps `token` until it ends, or the subject token does. Both clocks count: the system's may be set back. */
  keep(key: string, token: IssuedToken, { expiresAt }: SubjectToken, now: number): void {
    const end = Math.min(token.expiresAt, expiresAt * 1000);
    const ttl = Math.floor(end - now);
    if (ttl <= 0) return;
    const size = ENTRY_SIZE + token.authorization.length + 2 * token.audience.join('').length;
    this.#tokens.set(key, { ...token, expiresAt: end }, { ttl, size });
  }
}

/** @returns what an exchange is known by. The order of scopes means nothing (RFC 6749 section 3.3). */
export function keyOfExchange(settings: Exchange, { token, issuer }: SubjectToken): string {
  const { tokenEndpoint, grant, clientId, resource, audience, scopes, opaque } = settings;
  const asked = [tokenEndpoint, grant, clientId, resource ?? null, audience ?? null, scopes.toSorted(), opaque];
  return hash('sha256', JSON.stringify([...asked, issuer, hash('sha256', token, 'base64')]), 'base64');
}
