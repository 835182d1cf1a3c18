/**
 * The keys of one issuer, kept fresh. An outage of the issuer does not take the APIs down: the last keys serve until
 * `max_stale`. A token's unknown `kid` may cause a fetch, but never more than one in `cooldown`, whoever sends how many.
 */

import { isDeepStrictEqual } from 'node:util';
import type { JWK } from 'jose';
import type { Issuer } from '../../config/config.ts';
import { checkKey, countReasons } from '../../config/values/key-set/json-web-key.ts';
import { describeSource } from './key-fetch-failure.ts';
import { type FetchCause, fetchDirectly, KeyFetchError, type KeyFetcher, type LastKeys } from './key-source.ts';
import { createVerificationKey, fingerprintOf, type PublishedKey, type VerificationKey } from './verification-key.ts';

export interface KeySetStatus {
  readonly issuer: string;
  /** Those that may still verify: none past `max_stale`. */
  readonly keys: number;
  /** Seconds since the last successful fetch; `undefined` before the first. */
  readonly ageSeconds: number | undefined;
  /** What went wrong last, in our own words; `undefined` after a success. */
  readonly lastError: string | undefined;
}

export interface KeySetEvents {
  /** Called after each fetch; `error` is our own short text. */
  readonly onFetch: (issuer: string, outcome: 'success' | 'failure', error: string | undefined) => void;
}

const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;

export class KeySet {
  readonly #issuer: Issuer;
  readonly #events: KeySetEvents;
  readonly #fetchKeys: KeyFetcher;
  readonly #stopped = new AbortController();
  #keys: readonly VerificationKey[] = [];
  #fetchedAt: number | undefined;
  #lastError: string | undefined;
  #failures = 0;
  #hasTried = false;
  #holders = 1;
  #started: Promise<void> | undefined;
  #fetching: Promise<void> | undefined;
  #unknownKeyFetchAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(issuer: Issuer, events: KeySetEvents, fetchKeys = fetchDirectly) {
    this.#issuer = issuer;
    this.#events = events;
    this.#fetchKeys = fetchKeys;
  }

  /**
   * Starts the first fetch, and from then on refreshes by itself. Settles when the first fetch has; it never rejects.
   * A file is read at each start: whoever reloads has perhaps just written it.
   */
  start(): Promise<void> {
    if (this.#started && this.#issuer.keySource.kind === 'file') return this.#refresh();
    this.#started ??= this.#refresh();
    return this.#started;
  }

  /** Fetches the keys before they are due. */
  refresh(): Promise<void> {
    return this.#refresh();
  }

  /** @returns this key set for a further holder, if `issuer` gets its keys from the same place by the same rules. */
  retainFor({ keySource, keys }: Issuer): this | undefined {
    if (!isDeepStrictEqual([keySource, keys], [this.#issuer.keySource, this.#issuer.keys])) return undefined;
    this.#holders += 1;
    return this;
  }

  /** The last holder ends timers and a fetch under way, and with the keys what they verified. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#stopped.abort();
    clearTimeout(this.#timer);
    this.#retire(this.#keys);
  }

  /** @returns whether there is a key that may still verify. */
  isReady(): boolean {
    return this.#keys.length > 0 && !this.#isStale();
  }

  /** @returns what the issuer says of each key. */
  published(): readonly PublishedKey[] {
    return this.#keys;
  }

  /** @returns whether the first fetch has come to an end, failed or not. */
  hasTried(): boolean {
    return this.#hasTried;
  }

  /** @returns whether there ever was a key. */
  hasHadKeys(): boolean {
    return this.#fetchedAt !== undefined;
  }

  status(): KeySetStatus {
    return {
      issuer: this.#issuer.issuer,
      keys: this.#isStale() ? 0 : this.#keys.length,
      ageSeconds: this.#fetchedAt === undefined ? undefined : (performance.now() - this.#fetchedAt) / 1000,
      lastError: this.#lastError,
    };
  }

  /**
   * @param keyId the `kid` of a token: untrusted, it only chooses. Without one, every key is a candidate.
   * @returns the candidates; `[]` when the issuer publishes no such key, asked anew if the cooldown allows; `undefined`
   *   when there are no keys to judge by.
   */
  async find(keyId: string | undefined): Promise<readonly VerificationKey[] | undefined> {
    if (!this.isReady()) await this.#fetching;
    if (!this.isReady()) return undefined;
    const known = this.#candidates(keyId);
    if (known.length > 0) return known;
    await this.#refreshForUnknownKey();
    return this.#candidates(keyId);
  }

  #candidates(keyId: string | undefined): readonly VerificationKey[] {
    return keyId === undefined ? this.#keys : this.#keys.filter(key => key.keyId === keyId);
  }

  /** The cooldown counts these fetches only, failed ones too: a rotation right after the start is seen at once. */
  async #refreshForUnknownKey(): Promise<void> {
    const now = performance.now();
    if (now - this.#unknownKeyFetchAt < this.#issuer.keys.cooldown) return this.#fetching;
    this.#unknownKeyFetchAt = now;
    return this.#refresh('unknown_key');
  }

  #refresh(cause: FetchCause = 'schedule'): Promise<void> {
    this.#fetching ??= this.#fetch(cause).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(cause: FetchCause): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isStale()) this.#retire(this.#keys);
    let isShared = false;
    try {
      const fetched = await this.#fetchKeys(this.#issuer, cause, this.#stopped.signal);
      isShared = fetched.isShared;
      await this.#adopt(fetched);
      this.#failures = 0;
      this.#lastError = undefined;
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      const failure = error instanceof KeyFetchError ? error : new KeyFetchError('the fetch failed');
      isShared ||= failure.isShared;
      if (failure.last && this.#keys.length === 0) await this.#adopt(failure.last);
      // The keys at hand were not due: whoever sends unknown kids during an outage causes no further fetches by it.
      if (cause === 'schedule' || !this.isReady()) this.#failures += 1;
      this.#lastError = failure.message;
    }
    this.#hasTried = true;
    const outcome = this.#lastError === undefined ? 'success' : 'failure';
    if (!isShared) this.#events.onFetch(this.#issuer.issuer, outcome, this.#lastError);
    this.#schedule();
  }

  /** A key that comes again unchanged stays the same object, so what it verified stays verified. */
  async #adopt({ jwks, age }: LastKeys): Promise<void> {
    const held = new Map(this.#keys.filter(key => !key.retired).map(key => [key.fingerprint, key]));
    const keys = await Promise.all(jwks.map(jwk => held.get(fingerprintOf(jwk)) ?? createVerificationKey(jwk)));
    const usable = [...new Set(keys)].filter(key => key !== undefined);
    if (usable.length === 0) throw new KeyFetchError(`${describeSource(this.#issuer)}: ${describeUnusable(jwks)}`);
    this.#retire(this.#keys.filter(key => !usable.includes(key)));
    this.#keys = usable;
    this.#fetchedAt = performance.now() - age;
  }

  #retire(keys: readonly VerificationKey[]): void {
    for (const key of keys) key.retired = true;
  }

  #isStale(): boolean {
    return this.#fetchedAt !== undefined && this.#staleIn(this.#fetchedAt) <= 0;
  }

  #staleIn(fetchedAt: number): number {
    return fetchedAt + this.#issuer.keys.maxStale - performance.now();
  }

  #schedule(): void {
    if (this.#stopped.signal.aborted) return;
    const { refresh } = this.#issuer.keys;
    const retry = Math.min(FIRST_RETRY * 2 ** (this.#failures - 1), LONGEST_RETRY, refresh);
    const untilStale = this.#fetchedAt === undefined ? Number.POSITIVE_INFINITY : this.#staleIn(this.#fetchedAt);
    // What was fetched for another asker is due when it is due for him, but never all the time.
    const untilDue = Math.max(refresh / 2, (this.#fetchedAt ?? 0) + refresh - performance.now());
    const delay = this.#failures === 0 ? untilDue : Math.min(retry, Math.max(untilStale, FIRST_RETRY));
    this.#timer = setTimeout(() => this.#refresh(), delay).unref();
  }
}

function describeUnusable(jwks: readonly JWK[]): string {
  const reasons = countReasons(jwks.map(checkKey));
  return `the key set has no usable key${reasons === '' ? '' : `: ${reasons}`}`;
}
