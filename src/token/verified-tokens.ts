/** The cache of verified tokens. */

import { hash } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import { LRUCache } from 'lru-cache';
import type { Issuer } from '../config/config.ts';
import type { AccessToken } from './access-token.ts';
import type { VerificationKey } from './keys/verification-key.ts';

/** A token whose signature and claims were verified, by which key and under which settings. It counts as long as both do. */
export interface VerifiedToken {
  readonly accessToken: AccessToken;
  readonly key: VerificationKey;
  readonly issuer: Issuer;
}

const MOST_TOKENS = 100_000;
/** Of the heap, for all entries together. */
const HEAP_SHARE = 1 / 8;
/** Bytes of an entry, as measured. */
const entrySize = (token: string) => 1024 + 2 * token.length;

/** Keyed by the SHA-256 of the token: an entry cannot be replayed, and two tokens never share one. */
export class VerifiedTokens {
  readonly #tokens = new LRUCache<string, VerifiedToken>({
    max: MOST_TOKENS,
    maxSize: Math.floor(getHeapStatistics().heap_size_limit * HEAP_SHARE),
  });

  /** @returns the key under which a token is kept. */
  keyOf(token: string): string {
    return hash('sha256', token, 'base64');
  }

  get(key: string): VerifiedToken | undefined {
    return this.#tokens.get(key);
  }

  set(key: string, token: string, verified: VerifiedToken): void {
    this.#tokens.set(key, verified, { size: entrySize(token) });
  }

  delete(key: string): void {
    this.#tokens.delete(key);
  }
}
