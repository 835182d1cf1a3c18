/** The keys of one issuer as last fetched, and their age. A key past `max_stale` verifies nothing. */

import type { JWK } from 'jose';
import { checkKey } from '../../config/values/key-set/json-web-key.ts';
import { countReasons } from '../../config/values/key-set/json-web-key-set.ts';
import { KeyFetchError, type LastKeys } from './key-fetch-error.ts';
import { createVerificationKey, fingerprintOf, type VerificationKey } from './verification-key.ts';

export class HeldKeys {
  readonly #maxStale: number;
  #keys: readonly VerificationKey[] = [];
  #fetchedAt: number | undefined;

  /** @param maxStale milliseconds after a fetch during which its keys verify. */
  constructor(maxStale: number) {
    this.#maxStale = maxStale;
  }

  get all(): readonly VerificationKey[] {
    return this.#keys;
  }

  /** @returns milliseconds since the last successful fetch; `undefined` before the first. */
  age(): number | undefined {
    return this.#fetchedAt === undefined ? undefined : performance.now() - this.#fetchedAt;
  }

  /** @returns milliseconds for which the keys still verify; infinite before the first fetch. */
  usableFor(): number {
    return this.#maxStale - (this.age() ?? Number.NEGATIVE_INFINITY);
  }

  isStale(): boolean {
    return this.usableFor() <= 0;
  }

  /** @returns whether there is a key that may still verify. */
  isReady(): boolean {
    return this.#keys.length > 0 && !this.isStale();
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
    const held = new Map(this.#keys.filter(key => !key.retired).map(key => [key.fingerprint, key]));
    const keys = await Promise.all(jwks.map(jwk => held.get(fingerprintOf(jwk)) ?? createVerificationKey(jwk)));
    const usable = [...new Set(keys)].filter(key => key !== undefined);
    if (usable.length === 0) throw new KeyFetchError(`${source}: ${describeUnusable(jwks)}`);
    retire(this.#keys.filter(key => !usable.includes(key)));
    this.#keys = usable;
    this.#fetchedAt = performance.now() - age;
  }

  /** Marks every key, so that tokens which it verified count as unverified. */
  retireAll(): void {
    retire(this.#keys);
  }
}

function retire(keys: readonly VerificationKey[]): void {
  for (const key of keys) key.retired = true;
}

function describeUnusable(jwks: readonly JWK[]): string {
  const reasons = countReasons(jwks.map(checkKey));
  return `the key set has no usable key${reasons === '' ? '' : `: ${reasons}`}`;
}
