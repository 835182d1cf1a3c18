/**
 * The keys of one issuer, kept fresh. While the issuer cannot be reached, the last keys verify until `max_stale`. A token
 * that no key verifies may cause a fetch, since the keys may be old, but only one in each `cooldown`, however many come.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Issuer } from '../../config/config.ts';
import { describeSource } from '../fetching/fetch-failure.ts';
import { HeldKeys } from './held-keys.ts';
import { KeyFetchError } from './key-fetch-error.ts';
import { type FetchCause, type FetchedKeys, fetchDirectly, type KeyFetcher } from './key-source.ts';
import { RefreshSchedule } from './refresh-schedule.ts';
import type { PublishedKey, RefusedKey, VerificationKey } from './verification-key.ts';

export interface KeySetStatus {
  readonly issuer: string;
  /** Keys that may still verify: 0 past `max_stale`. */
  readonly keys: number;
  /** Seconds since the last successful fetch; `undefined` before the first. */
  readonly ageSeconds: number | undefined;
  /** Why the last fetch failed; `undefined` after a success. */
  readonly lastError: string | undefined;
  /** Published keys that verify nothing here. */
  readonly refused: readonly RefusedKey[];
}

export interface KeySetEvents {
  /** Called after each fetch; `error` is a short text without secrets. */
  readonly onFetch: (issuer: string, outcome: 'success' | 'failure', error: string | undefined) => void;
  /** Called for keys that the issuer publishes by mistake, such as weak ones; once for each, while it is published. */
  readonly onRefusedKeys: (issuer: string, keys: readonly RefusedKey[]) => void;
}

/** `[]`: the issuer publishes no such key. `undefined`: there is no key at all that may verify. */
export type Candidates = readonly VerificationKey[] | undefined;

export class KeySet {
  readonly #issuer: Issuer;
  readonly #events: KeySetEvents;
  readonly #fetchKeys: KeyFetcher;
  readonly #held: HeldKeys;
  readonly #schedule: RefreshSchedule;
  readonly #stopped = new AbortController();
  #lastError: string | undefined;
  #hasTried = false;
  /** Verifiers that use this key set: two while one follows the other. */
  #holders = 1;
  #started: Promise<void> | undefined;
  #fetching: Promise<void> | undefined;
  /** The latest fetch that a token caused, by `performance.now()`. */
  #tokenFetchAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** The refused keys that were reported, here or by another worker. */
  #reported: ReadonlySet<string> = new Set();

  /** @param previous a key set of the same source under other settings: its keys verify until others have been fetched. */
  constructor(issuer: Issuer, events: KeySetEvents, fetchKeys = fetchDirectly, previous?: KeySet) {
    this.#issuer = issuer;
    this.#events = events;
    this.#fetchKeys = fetchKeys;
    this.#held = new HeldKeys(issuer.keys.maxStale, previous ? previous.#held : undefined);
    this.#schedule = new RefreshSchedule(issuer.keys);
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

  /** Fetches the keys by a fetch that begins now: one under way may have asked before the issuer changed them. */
  async refetch(): Promise<void> {
    await this.#fetching;
    return this.refresh('operator');
  }

  /** @returns this key set for one more holder, if `issuer` has the same source and settings for its keys. */
  retainFor({ keySource, keys }: Issuer): this | undefined {
    if (!isDeepStrictEqual([keySource, keys], [this.#issuer.keySource, this.#issuer.keys])) return undefined;
    this.#holders += 1;
    return this;
  }

  /** @returns whether `issuer` gets its keys from the same source, and trusts it by the same authorities. */
  isOfSameSource({ keySource, keys }: Issuer): boolean {
    const { keySource: own, keys: ownKeys } = this.#issuer;
    return isDeepStrictEqual([keySource, keys.caFile], [own, ownKeys.caFile]);
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
    return this.#held.fetchedAt !== undefined;
  }

  status(): KeySetStatus {
    const age = this.#held.age();
    return {
      issuer: this.#issuer.issuer,
      keys: this.isReady() ? this.#held.all.length : 0,
      ageSeconds: age === undefined ? undefined : age / 1000,
      lastError: this.#lastError,
      refused: this.#held.refused,
    };
  }

  /**
   * @param keyId the `kid` of a token: untrusted, it only selects. Without one, every key is a candidate.
   * @returns the candidates. A promise only before the first fetch has ended: later a request never waits for an issuer that
   *   is away.
   */
  find(keyId: string | undefined): Candidates | Promise<Candidates> {
    if (this.isReady()) return this.#held.candidates(keyId);
    return this.#hasTried ? undefined : this.#findFetched(keyId);
  }

  /**
   * Called where none of the candidates verified a token: an unknown `kid`, no `kid`, or a signature that does not fit may all
   * mean that the keys at hand are old. Fetches, if the cooldown allows it, or joins the fetch under way.
   *
   * @param tried the candidates.
   * @returns the candidates that are new. A promise only where a fetch is waited for.
   */
  findNewer(keyId: string | undefined, tried: readonly VerificationKey[]): Candidates | Promise<Candidates> {
    const mayFetch = this.#fetching !== undefined || this.#mayFetchForToken();
    return mayFetch ? this.#fetchNewer(keyId, tried) : this.#newer(keyId, tried);
  }

  async #findFetched(keyId: string | undefined): Promise<Candidates> {
    await this.#fetching;
    return this.isReady() ? this.#held.candidates(keyId) : undefined;
  }

  async #fetchNewer(keyId: string | undefined, tried: readonly VerificationKey[]): Promise<Candidates> {
    await this.#fetching;
    const newer = this.#newer(keyId, tried);
    if (newer === undefined || newer.length > 0) return newer;
    // What was under way may have asked before the issuer changed its keys.
    if (this.#fetching === undefined && this.#mayFetchForToken()) this.#tokenFetchAt = performance.now();
    else if (this.#fetching === undefined) return newer;
    await this.refresh('token');
    return this.#newer(keyId, tried);
  }

  #newer(keyId: string | undefined, tried: readonly VerificationKey[]): Candidates {
    return this.isReady() ? this.#held.candidates(keyId).filter(key => !tried.includes(key)) : undefined;
  }

  /** The cooldown counts these fetches only, failed ones too: a rotation just after the start is noticed at once. */
  #mayFetchForToken(): boolean {
    return performance.now() - this.#tokenFetchAt >= this.#issuer.keys.cooldown;
  }

  async #fetch(cause: FetchCause): Promise<void> {
    clearTimeout(this.#timer);
    const need = { cause, acceptedAge: this.#schedule.acceptedAge };
    let shared: Pick<FetchedKeys, 'isShared' | 'tokenFetchAge'> | undefined;
    try {
      const fetched = await this.#fetchKeys(this.#issuer, need, this.#stopped.signal);
      shared = fetched;
      await this.#use(fetched);
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      const failure = error instanceof KeyFetchError ? error : new KeyFetchError('the fetch failed');
      shared ??= failure;
      await this.#recordFailure(failure, cause);
    }
    if (this.#stopped.signal.aborted) return this.#held.retireAll();
    this.#hasTried = true;
    const { isShared, tokenFetchAge } = shared;
    // The cooldown is one for all workers: it ends here when it ends there.
    if (cause === 'token' && tokenFetchAge !== undefined) this.#tokenFetchAt = performance.now() - tokenFetchAge;
    const outcome = this.#lastError === undefined ? 'success' : 'failure';
    if (!isShared) this.#events.onFetch(this.#issuer.issuer, outcome, this.#lastError);
    this.#reportRefusedKeys(isShared);
    const delay = Math.max(0, this.#schedule.dueAt - performance.now());
    this.#timer = setTimeout(() => this.refresh(), delay).unref();
  }

  #reportRefusedKeys(isShared: boolean): void {
    const faults = this.#held.refused.filter(({ isFault }) => isFault);
    const names = faults.map(({ keyId, reason }) => JSON.stringify([keyId, reason]));
    const unreported = faults.filter((_, index) => !this.#reported.has(names[index] ?? ''));
    this.#reported = new Set(names);
    if (unreported.length > 0 && !isShared) this.#events.onRefusedKeys(this.#issuer.issuer, unreported);
  }

  async #use(fetched: FetchedKeys): Promise<void> {
    await this.#held.replace(fetched, describeSource(this.#issuer));
    const now = performance.now();
    this.#schedule.recordSuccess(now - fetched.age, now, fetched.lifetime);
    this.#lastError = undefined;
  }

  async #recordFailure(failure: KeyFetchError, cause: FetchCause): Promise<void> {
    // Where the earlier keys are unusable, too, this failure is still the one to report.
    if (failure.last && this.#held.all.length === 0) {
      await this.#held.replace(failure.last, describeSource(this.#issuer)).catch(() => undefined);
    }
    this.#lastError = failure.message;
    // A failed fetch for a token neither puts off the next one that is due nor brings it forward.
    const now = performance.now();
    if (cause !== 'token' || this.#schedule.dueAt <= now) {
      this.#schedule.recordFailure(now - failure.age, this.#held.usableUntil);
    }
  }
}
