/** Fetches an issuer's keys once for all workers: the first request causes a fetch, and all workers get its result. */

import type { Config } from '../../config/config.ts';
import { KeyFetchError } from '../../token/keys/key-fetch-error.ts';
import type { KeySetEvents } from '../../token/keys/key-set.ts';
import { fetchKeys } from '../../token/keys/key-source.ts';
import type { KeyRequest, KeyResult } from './calls.ts';

export interface SharedKeysEvents extends Pick<KeySetEvents, 'onFetch'> {
  /** There is a new result for an issuer, which every worker is to take over: so they agree on keys and on their age. */
  readonly onResult: (issuer: string) => void;
}

interface Fetched {
  /** When it ended, by `performance.now()`. */
  readonly at: number;
  readonly result: KeyResult;
}

export class SharedKeys {
  readonly #sources = new Map<string, SharedSource>();
  readonly #events: SharedKeysEvents;

  constructor(events: SharedKeysEvents) {
    this.#events = events;
  }

  /** @returns keys and their age, or the failure. `isShared` is false for the one worker whose request caused the fetch. */
  fetch(request: KeyRequest): Promise<KeyResult> {
    const id = nameSource(request);
    const source = this.#sources.get(id) ?? new SharedSource(() => this.#events.onResult(request.issuer));
    this.#sources.set(id, source);
    return source.fetch(request);
  }

  /** Fetches the keys of every issuer now, for an operator. Settles when that has ended; every worker then takes them over. */
  async refetch(): Promise<void> {
    await Promise.all(
      [...this.#sources.values()].map(async source => {
        const { issuer, result } = await source.refetch();
        if (result.isShared) return;
        this.#events.onFetch(issuer, result.ok ? 'success' : 'failure', result.ok ? undefined : result.error);
        if (!result.ok) this.#events.onResult(issuer);
      }),
    );
  }

  /** Drops the keys of issuers that the configuration no longer names. */
  dropUnused({ issuers }: Config): void {
    const named = new Set([...issuers.values()].map(nameSource));
    for (const id of this.#sources.keys()) if (!named.has(id)) this.#sources.delete(id);
  }
}

class SharedSource {
  readonly #onResult: () => void;
  #latest: Fetched | undefined;
  #latestSuccess: Fetched | undefined;
  #fetching: Promise<KeyResult> | undefined;
  #tokenFetchAt = Number.NEGATIVE_INFINITY;
  #request: KeyRequest | undefined;

  constructor(onResult: () => void) {
    this.#onResult = onResult;
  }

  async fetch(request: KeyRequest): Promise<KeyResult> {
    this.#request = request;
    if (this.#fetching) return this.#share(await this.#fetching);
    const now = performance.now();
    const latest = this.#latest;
    if (latest && this.#isEnough(latest, request, now)) return this.#share(latest.result, now - latest.at);
    if (request.cause === 'token') this.#tokenFetchAt = now;
    return this.#fetch(request);
  }

  /** @returns the result of a fetch that begins now: one under way may have asked before the issuer changed its keys. */
  async refetch(): Promise<{ readonly issuer: string; readonly result: KeyResult }> {
    await this.#fetching;
    // There is a source only where a worker has asked.
    const request = { ...(this.#request as KeyRequest), cause: 'operator' as const };
    return { issuer: request.issuer, result: await this.fetch(request) };
  }

  async #fetch(request: KeyRequest): Promise<KeyResult> {
    this.#fetching = fetchFromIssuer(request);
    const result = await this.#fetching;
    this.#fetching = undefined;
    this.#latest = { at: performance.now(), result };
    if (result.ok) this.#latestSuccess = this.#latest;
    // A failure is not passed on: each worker learns of it when it asks by itself.
    if (result.ok) this.#onResult();
    return this.#complete(result);
  }

  /** Adds the keys that were fetched before an outage, so that a worker started during it has keys, too. */
  #complete(result: KeyResult): KeyResult {
    const tokenFetchAge = performance.now() - this.#tokenFetchAt;
    const { at, result: success } = this.#latestSuccess ?? {};
    if (result.ok || at === undefined || !success?.ok) return { ...result, tokenFetchAge };
    return { ...result, tokenFetchAge, last: { jwks: success.jwks, age: performance.now() - at } };
  }

  #share(result: KeyResult, age = 0): KeyResult {
    return this.#complete({ ...result, age, isShared: true });
  }

  /** Tokens have one cooldown for all workers. What is due is shared while it is as young as the worker asks for. */
  #isEnough({ at, result }: Fetched, { cause, keys, acceptedAge }: KeyRequest, now: number): boolean {
    if (cause === 'operator') return false;
    if (cause === 'shared') return true;
    if (cause === 'token') return now - this.#tokenFetchAt < keys.cooldown;
    return now - at < (result.ok ? acceptedAge.keys : acceptedAge.failure);
  }
}

async function fetchFromIssuer(request: KeyRequest): Promise<KeyResult> {
  try {
    // Each document has a limit of its own. No worker may abort it, since others wait for it, too.
    return { ok: true, ...(await fetchKeys(request, new AbortController().signal)), age: 0, isShared: false };
  } catch (error) {
    const message = error instanceof KeyFetchError ? error.message : 'the fetch failed';
    return { ok: false, error: message, age: 0, isShared: false };
  }
}

/** Keys that were fetched by other authorities are of another source. The times are not part of it. */
function nameSource({ issuer, keySource, keys }: Pick<KeyRequest, 'issuer' | 'keySource' | 'keys'>): string {
  return JSON.stringify([issuer, keySource, keys.caFile]);
}
