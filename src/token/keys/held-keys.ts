/** The keys of one issuer as last fetched, and until when they verify: a key past `max_stale` verifies nothing. */

import type { JWK } from 'jose';
import { checkKey } from '../../config/values/key-set/json-web-key.ts';
import { countReasons } from '../../config/values/key-set/json-web-key-set.ts';
import { KeyFetchError, type LastKeys } from './key-fetch-error.ts';
import { createVerificationKey, fingerprintOf, RETIRED, type VerificationKey } from './verification-key.ts';

export class HeldKeys {
  readonly #maxStale: number;
  #keys: readonly VerificationKey[] = [];
  /** By `performance.now()`. */
  #fetchedAt: number | undefined;

  /**
   * @param maxStale milliseconds after a fetch during which its keys verify.
   * @param previous keys of the same source under other settings, which verify until others have been fetched.
   */
  constructor(maxStale: number, previous?: HeldKeys) {
    this.#maxStale = maxStale;
    this.#fetchedAt = previous?.fetchedAt;
    this.#keys = (previous?.all ?? []).map(key => ({ ...key, usableUntil: this.usableUntil }));
  }

  get all(): readonly VerificationKey[] {
    return this.#keys;
  }

  /** When the latest fetch that gave keys ended; `undefined` before the first. */
  get fetchedAt(): number | undefined {
    return this.#fetchedAt;
  }

  /** Until when the keys verify; before the first fetch, none does. */
  get usableUntil(): number {
    return this.#fetchedAt === undefined ? RETIRED : this.#fetchedAt + this.#maxStale;
  }

  /** @returns milliseconds since the last successful fetch; `undefined` before the first. */
  age(): number | undefined {
    return this.#fetchedAt === undefined ? undefined : performance.now() - this.#fetchedAt;
  }

  /** @returns whether there is a key that may still verify. */
  isReady(): boolean {
    return this.#keys.length > 0 && performance.now() < this.usableUntil;
  }

  /** @returns the keys with the `kid` of a token; without a `kid`, every key. */
  candidates(keyId: string | undefined): readonly VerificationKey[] {
    return keyId === undefined ? this.#keys : this.#keys.filter(key => key.keyId === keyId);
  }

  /**
   * Takes over fetched keys and retires those that are gone. An unchanged key stays the same object, so tokens that it
   * verified stay verified.
   *
   * @param source for the message of the error.
   * @throws KeyFetchError where no key can verify a token; the keys are then as before.
   */
  async replace({ jwks, age }: LastKeys, source: string): Promise<void> {
    const fetchedAt = performance.now() - age;
    const held = new Map(this.#keys.map(key => [key.fingerprint, key]));
    const keys = await Promise.all(jwks.map(jwk => held.get(fingerprintOf(jwk)) ?? createVerificationKey(jwk)));
    const usable = [...new Set(keys)].filter(key => key !== undefined);
    if (usable.length === 0) throw new KeyFetchError(`${source}: ${describeUnusable(jwks)}`);
    this.retireAll();
    this.#keys = usable;
    this.#fetchedAt = fetchedAt;
    for (const key of usable) key.usableUntil = this.usableUntil;
  }

  /** Ends every key, so that tokens which it verified count as unverified. */
  retireAll(): void {
    for (const key of this.#keys) key.usableUntil = RETIRED;
  }
}

function describeUnusable(jwks: readonly JWK[]): string {
  const reasons = countReasons(jwks.map(checkKey));
  return `the key set has no usable key${reasons === '' ? '' : `: ${reasons}`}`;
}
