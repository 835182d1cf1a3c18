/** Verified tokens, bounded in number and size. */

import { getHeapStatistics } from 'node:v8';
import { LRUCache } from 'lru-cache';
import type { VerifiedToken } from './jws/jws-verification.ts';

/** The key is the SHA-256 of the whole token, so the cache holds nothing that can be sent as a token. */
export type TokenCache = LRUCache<string, VerifiedToken>;

const MOST_TOKENS = 100_000;
/** The share of the heap that all entries together may use. */
const HEAP_SHARE = 1 / 8;
/** Bytes of an entry, as measured. */
export const entrySize = (token: string) => 1024 + 2 * token.length;

/** @returns an empty cache. */
export function createCache(): TokenCache {
  return new LRUCache({ max: MOST_TOKENS, maxSize: Math.floor(getHeapStatistics().heap_size_limit * HEAP_SHARE) });
}
