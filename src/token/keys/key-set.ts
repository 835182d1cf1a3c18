/**
 * The keys of one issuer, kept fresh. While the issuer cannot be reached, the last keys verify until `max_stale`. A token
 * with an unknown `kid` may cause a fetch, but only one in each `cooldown`, however many such tokens come.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Issuer } from '../../config/config.ts';
import { describeSource } from '../fetching/fetch-failure.ts';
import { HeldKeys } from './held-keys.ts';
import { KeyFetchError, type LastKeys } from './key-fetch-error.ts';
import { type FetchCause, fetchDirectly, type KeyFetcher } from './key-source.ts';
import type { PublishedKey, VerificationKey } from './verification-key.ts';

export interface KeySetStatus {
  readonly issuer: string;
  /** Keys that may still verify: 0 past `max_stale`. */
  readonly keys: number;
  /** Seconds since the last successful fetch; `undefined` before the first. */
  readonly ageSeconds: number | undefined;
  /** Why the last fetch failed; `undefined` after a success. */
  readonly lastError: string | undefined;
}

export interface KeySetEvents {
  /** Called after each fetch; `error` is a short text without secrets. */
  readonly onFetch: (issuer: string, outcome: 'success' | 'failure', error: string | undefined) => void;
}

type Candidates = readonly VerificationKey[] | undefined;

const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;

export class KeySet {
  readonly #issuer: Issuer;
  readonly #events: KeySetEvents;
  readonly #fetchKeys: KeyFetcher;
  readonly #held: HeldKeys;
  readonly #stopped = new AbortController();
  #lastError: string | undefined;
  /** Failed fetches in a row, as far as they delay the next one. */
  #failures = 0;
  #hasTried = false;
  /** Verifiers that use this key set: two while one follows the other. */
  #holders = 1;
  #started: Promise<void> | undefined;
  #fetching: Promise<void> | undefined;
  #unknownKeyFetchAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(issuer: Issuer, events: KeySetEvents, fetchKeys = fetchDirectly) {
    this.#issuer = issuer;
    this.#events = events;
    this.#fetchKeys = fetchKeys;
    this.#held = new HeldKeys(issuer.keys.maxStale);
  }

  /**
   * Starts the first fetch; later ones follow by themselves. Settles when the first fetch has ended, and never rejects. A
   * file is read again at each start, since the operator who reloads may have just written it.
   */
  start(): Promise<void> {
    if (this.#started && this.#issuer.keySource.kind === 'file') return this.refresh();
    this.#started ??= this.refresh();
    return this.#started;
  }

  /** Fetches the keys before they are due, or joins the fetch under way. */
  refresh(cause: FetchCause = 'schedule'): Promise<void> {
    this.#fetching ??= this.#fetch(cause).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** @returns this key set for one more holder, if `issuer` has the same source and times for its keys. */
  retainFor({ keySource, keys }: Issuer): this | undefined {
    if (!isDeepStrictEqual([keySource, keys], [this.#issuer.keySource, this.#issuer.keys])) return undefined;
    this.#holders += 1;
    return this;
  }

  /** After the last holder: ends the timer and a fetch under way, and retires the keys. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#stopped.abort();
    clearTimeout(this.#timer);
    this.#held.retireAll();
  }

  /** @returns whether there is a key that may still verify. */
  isReady(): boolean {
    return this.#held.isReady();
  }

  /** @returns what the issuer publishes about each key, as last fetched. */
  published(): readonly PublishedKey[] {
    return this.#held.all;
  }

  /** @returns whether the first fetch has ended, failed or not. */
  hasTried(): boolean {
    return this.#hasTried;
  }

  /** @returns whether any fetch so far gave a key. */
  hasHadKeys(): boolean {
    return this.#held.age() !== undefined;
  }

  status(): KeySetStatus {
    const age = this.#held.age();
    return {
      issuer: this.#issuer.issuer,
      keys: this.#held.isStale() ? 0 : this.#held.all.length,
      ageSeconds: age === undefined ? undefined : age / 1000,
      lastError: this.#lastError,
    };
  }

  /**
   * @param keyId the `kid` of a token: untrusted, it only selects. Without one, every key is a candidate.
   * @returns the candidates; `[]` where the issuer publishes no such key, also after a fetch if the cooldown allowed one;
   *   `undefined` where there are no keys at all that may verify. A promise only where a fetch is waited for.
   */
  find(keyId: string | undefined): Candidates | Promise<Candidates> {
    const known = this.isReady() ? this.#held.candidates(keyId) : [];
    return known.length > 0 ? known : this.#findFetched(keyId);
  }

  async #findFetched(keyId: string | undefined): Promise<Candidates> {
    if (!this.isReady()) await this.#fetching;
    if (!this.isReady()) return undefined;
    const known = this.#held.candidates(keyId);
    if (known.length > 0) return known;
    await this.#refreshForUnknownKey();
    return this.#held.candidates(keyId);
  }

  /** The cooldown counts these fetches only, failed ones too: a rotation just after the start is noticed at once. */
  async #refreshForUnknownKey(): Promise<void> {
    const now = performance.now();
    if (now - this.#unknownKeyFetchAt < this.#issuer.keys.cooldown) return this.#fetching;
    this.#unknownKeyFetchAt = now;
    return this.refresh('unknown_key');
  }

  async #fetch(cause: FetchCause): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#held.isStale()) this.#held.retireAll();
    let isShared = false;
    try {
      const fetched = await this.#fetchKeys(this.#issuer, cause, this.#stopped.signal);
      isShared = fetched.isShared;
      await this.#replace(fetched);
      this.#failures = 0;
      this.#lastError = undefined;
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      const failure = error instanceof KeyFetchError ? error : new KeyFetchError('the fetch failed');
      isShared ||= failure.isShared;
      await this.#recordFailure(failure, cause);
    }
    this.#hasTried = true;
    const outcome = this.#lastError === undefined ? 'success' : 'failure';
    if (!isShared) this.#events.onFetch(this.#issuer.issuer, outcome, this.#lastError);
    this.#schedule();
  }

  async #recordFailure(failure: KeyFetchError, cause: FetchCause): Promise<void> {
    // Where the earlier keys are unusable, too, this failure is still the one to report.
    if (failure.last && this.#held.all.length === 0) await this.#replace(failure.last).catch(() => undefined);
    // A failed fetch for an unknown key does not shorten the time to the next one, or such tokens could cause fetches.
    if (cause === 'schedule' || !this.isReady()) this.#failures += 1;
    this.#lastError = failure.message;
  }

  #replace(keys: LastKeys): Promise<void> {
    return this.#held.replace(keys, describeSource(this.#issuer));
  }

  #schedule(): void {
    if (this.#stopped.signal.aborted) return;
    const { refresh } = this.#issuer.keys;
    const retry = Math.min(FIRST_RETRY * 2 ** (this.#failures - 1), LONGEST_RETRY, refresh);
    // Keys that another worker fetched are due when they are due there, but not before half the interval has passed here.
    const untilDue = Math.max(refresh / 2, refresh - (this.#held.age() ?? 0));
    const delay = this.#failures === 0 ? untilDue : Math.min(retry, Math.max(this.#held.usableFor(), FIRST_RETRY));
    this.#timer = setTimeout(() => this.refresh(), delay).unref();
  }
}
