/** The error of a fetch that returned no keys, and the keys of the latest fetch that did. */

import type { JWK } from 'jose';

export interface LastKeys {
  /** As published; none of them has been checked. */
  readonly jwks: readonly JWK[];
  /** Milliseconds since they were fetched. */
  readonly age: number;
}

/**
 * The message is written here, never taken from a library: it says what was asked for and, of the response, at most a URL
 * without credentials, query and fragment.
 */
export class KeyFetchError extends Error {
  /** Whether one fetch failed for several workers at once: then another of them counts it. */
  readonly isShared: boolean;
  /** Keys of an earlier fetch, for a worker that has none. */
  readonly last: LastKeys | undefined;

  constructor(message: string, isShared = false, last?: LastKeys) {
    super(message);
    this.isShared = isShared;
    this.last = last;
  }
}
