/**
 * What is remembered of tokens: the most recently used entries, bounded in number and in size. It grows with what is kept: given `max`,
 * the library would allocate for as many entries at once, which costs a start 10 ms and 4 MB a cache, most of which stay empty.
 */

import { getHeapStatistics } from 'node:v8';
import { LRUCache } from 'lru-cache';

const MOST_ENTRIES = 100_000;

export interface EntryLimits {
  /** Bytes, as estimated. */
  readonly size: number;
  /** Milliseconds; for ever where it is absent. */
  readonly ttl?: number;
  /** Where `ttl` begins, by `performance.now()`; default: now. */
  readonly start?: number;
}

export class BoundedCache<V extends object> {
  readonly #entries: LRUCache<string, V>;
  readonly #most: number;

  /**
   * @param heapShare the share of the heap that all entries together may use.
   * @param most entries.
   */
  constructor(heapShare: number, most = MOST_ENTRIES) {
    this.#entries = new LRUCache({ maxSize: Math.floor(getHeapStatistics().heap_size_limit * heapShare) });
    this.#most = most;
  }

  /** @returns the entry, in time, as the one that was used last. */
  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** Replaces an entry of this key, else makes room by those that were not used for longest. What is too large is not kept. */
  set(key: string, value: V, limits: EntryLimits): void {
    if (this.#entries.size >= this.#most && !this.#entries.has(key)) this.#entries.pop();
    this.#entries.set(key, value, limits);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
