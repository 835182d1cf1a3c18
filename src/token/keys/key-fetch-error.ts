/** The error of a fetch that returned no keys, and the keys of the latest fetch that did. */

export interface LastKeys {
  /** As published; none of them has been checked. */
  readonly jwks: readonly unknown[];
  /** Milliseconds since they were fetched. */
  readonly age: number;
}

/** What a worker is told of a fetch that was not its own. */
export interface SharedFetch {
  /** Whether one fetch served several workers: then another of them counts it. */
  readonly isShared: boolean;
  /** Milliseconds since the latest fetch that a token of any worker caused. */
  readonly tokenFetchAge?: number | undefined;
}

interface FailureDetails extends Partial<SharedFetch> {
  /** Milliseconds since the fetch failed. */
  readonly age?: number | undefined;
  /** Keys of an earlier fetch, for a worker that has none. */
  readonly last?: LastKeys | undefined;
}

/**
 * The message is written here, never taken from a library: it says what was asked for and, of the response, at most a URL
 * without credentials, query and fragment.
 */
export class KeyFetchError extends Error {
  readonly isShared: boolean;
  readonly tokenFetchAge: number | undefined;
  readonly age: number;
  readonly last: LastKeys | undefined;

  constructor(message: string, { isShared = false, tokenFetchAge, age = 0, last }: FailureDetails = {}) {
    super(message);
    this.isShared = isShared;
    this.tokenFetchAge = tokenFetchAge;
    this.age = age;
    this.last = last;
  }
}
