/** Fetches an issuer's keys once for all workers: the first request causes a fetch, and later ones get its result. */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/config.ts';
import { KeyFetchError } from '../../token/keys/key-fetch-error.ts';
import { fetchKeys } from '../../token/keys/key-source.ts';
import type { KeyRequest, KeyResult } from './calls.ts';

/** Milliseconds for which a failure is shared: workers retry at the same times, so these requests are of one attempt. */
const FAILURE_SHARED = 500;

interface Fetched {
  /** By `performance.now()`. */
  readonly at: number;
  readonly result: KeyResult;
}

export class SharedKeys {
  readonly #sources = new Map<string, SharedSource>();
  readonly #onChange: (issuer: string) => void;

  /** @param onChange called when a fetch returned other keys than the previous one, so that no worker keeps the old keys. */
  constructor(onChange: (issuer: string) => void) {
    this.#onChange = onChange;
  }

  /** @returns keys and their age, or the failure. `isShared` is false for the one worker whose request caused the fetch. */
  fetch(request: KeyRequest): Promise<KeyResult> {
    const id = nameSource(request);
    const source = this.#sources.get(id) ?? new SharedSource(() => this.#onChange(request.issuer));
    this.#sources.set(id, source);
    return source.fetch(request);
  }

  /** Drops the keys of issuers that the configuration no longer names. */
  dropUnused({ issuers }: Config): void {
    const named = new Set([...issuers.values()].map(nameSource));
    for (const id of this.#sources.keys()) if (!named.has(id)) this.#sources.delete(id);
  }
}

class SharedSource {
  readonly #onChange: () => void;
  #latest: Fetched | undefined;
  #latestSuccess: Fetched | undefined;
  #fetching: Promise<KeyResult> | undefined;
  #unknownKeyFetchAt = Number.NEGATIVE_INFINITY;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  async fetch(request: KeyRequest): Promise<KeyResult> {
    if (this.#fetching) return this.#share(await this.#fetching);
    const now = performance.now();
    const latest = this.#latest;
    if (latest && this.#isRecent(latest, request, now)) return this.#share(latest.result, now - latest.at);
    if (request.cause === 'unknown_key') this.#unknownKeyFetchAt = now;
    this.#fetching = fetchFromIssuer(request);
    const result = await this.#fetching;
    this.#fetching = undefined;
    this.#latest = { at: performance.now(), result };
    if (!result.ok) return this.#addLastKeys(result);
    const before = this.#latestSuccess?.result;
    this.#latestSuccess = this.#latest;
    if (!isDeepStrictEqual(result, before)) this.#onChange();
    return result;
  }

  /** Adds the keys that were fetched before the issuer's outage, so that a worker started during it has keys, too. */
  #addLastKeys(failure: KeyResult & { readonly ok: false }): KeyResult {
    const { at, result } = this.#latestSuccess ?? {};
    if (at === undefined || !result?.ok) return failure;
    return { ...failure, last: { jwks: result.jwks, age: performance.now() - at } };
  }

  #share(result: KeyResult, age = 0): KeyResult {
    return result.ok ? { ...result, age, isShared: true } : this.#addLastKeys({ ...result, isShared: true });
  }

  /** Scheduled fetches are shared for half the refresh interval; fetches for an unknown key have one cooldown for all workers. */
  #isRecent({ at, result }: Fetched, { cause, keys }: KeyRequest, now: number): boolean {
    if (cause === 'unknown_key') return now - this.#unknownKeyFetchAt < keys.cooldown;
    return now - at < (result.ok ? keys.refresh / 2 : FAILURE_SHARED);
  }
}

async function fetchFromIssuer(request: KeyRequest): Promise<KeyResult> {
  try {
    // Has its own limit of five seconds. No worker may abort it, since others wait for it, too.
    return { ok: true, jwks: await fetchKeys(request, new AbortController().signal), age: 0, isShared: false };
  } catch (error) {
    return { ok: false, error: error instanceof KeyFetchError ? error.message : 'the fetch failed', isShared: false };
  }
}

function nameSource({ issuer, keySource }: Pick<KeyRequest, 'issuer' | 'keySource'>): string {
  return JSON.stringify([issuer, keySource]);
}
