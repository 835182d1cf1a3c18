/** Keys are fetched once per machine: the first worker that asks causes a fetch, and the others get what it gave. */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/config.ts';
import { KeyFetchError } from '../../token/keys/key-fetch-error.ts';
import { fetchKeys } from '../../token/keys/key-source.ts';
import type { KeyAnswer, KeyRequest } from './calls.ts';

/** Workers fail together and try again together; those a moment later are still of the same attempt. */
const FAILURE_SHARED = 500;

interface Fetched {
  readonly at: number;
  readonly answer: KeyAnswer;
}

export class SharedKeys {
  readonly #sources = new Map<string, SharedSource>();
  readonly #onChange: (issuer: string) => void;

  /** @param onChange told when an issuer's keys are others than before, so that no worker goes on with the old ones. */
  constructor(onChange: (issuer: string) => void) {
    this.#onChange = onChange;
  }

  /** @returns keys and their age, or the failure; `isShared` is false for the one worker whose asking caused the fetch. */
  answer(request: KeyRequest): Promise<KeyAnswer> {
    const id = nameSource(request);
    const source = this.#sources.get(id) ?? new SharedSource(() => this.#onChange(request.issuer));
    this.#sources.set(id, source);
    return source.answer(request);
  }

  /** Forgets what a configuration no longer names. */
  retain({ issuers }: Config): void {
    const named = new Set([...issuers.values()].map(nameSource));
    for (const id of this.#sources.keys()) if (!named.has(id)) this.#sources.delete(id);
  }
}

class SharedSource {
  readonly #onChange: () => void;
  #latest: Fetched | undefined;
  /** The last that was no failure. */
  #good: Fetched | undefined;
  #fetching: Promise<KeyAnswer> | undefined;
  #unknownKeyFetchAt = Number.NEGATIVE_INFINITY;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  async answer(request: KeyRequest): Promise<KeyAnswer> {
    if (this.#fetching) return this.#share(await this.#fetching);
    const now = performance.now();
    const latest = this.#latest;
    if (latest && this.#isEnough(latest, request, now)) return this.#share(latest.answer, now - latest.at);
    if (request.cause === 'unknown_key') this.#unknownKeyFetchAt = now;
    this.#fetching = fetchFor(request);
    const answer = await this.#fetching;
    this.#fetching = undefined;
    this.#latest = { at: performance.now(), answer };
    if (!answer.ok) return this.#withLast(answer);
    const before = this.#good?.answer;
    this.#good = this.#latest;
    if (!isDeepStrictEqual(answer, before)) this.#onChange();
    return answer;
  }

  /** A worker that begins during an outage of the issuer goes on with what the others have. */
  #withLast(answer: KeyAnswer & { readonly ok: false }): KeyAnswer {
    const { at, answer: good } = this.#good ?? {};
    if (at === undefined || !good?.ok) return answer;
    return { ...answer, last: { jwks: good.jwks, age: performance.now() - at } };
  }

  #share(answer: KeyAnswer, age = 0): KeyAnswer {
    return answer.ok ? { ...answer, age, isShared: true } : this.#withLast({ ...answer, isShared: true });
  }

  /** What is due is shared with those who ask within half its time; unknown keys have one cooldown for all. */
  #isEnough({ at, answer }: Fetched, { cause, keys }: KeyRequest, now: number): boolean {
    if (cause === 'unknown_key') return now - this.#unknownKeyFetchAt < keys.cooldown;
    return now - at < (answer.ok ? keys.refresh / 2 : FAILURE_SHARED);
  }
}

async function fetchFor(request: KeyRequest): Promise<KeyAnswer> {
  try {
    // Ends by itself, after five seconds; no worker may end it for the others.
    return { ok: true, jwks: await fetchKeys(request, new AbortController().signal), age: 0, isShared: false };
  } catch (error) {
    return { ok: false, error: error instanceof KeyFetchError ? error.message : 'the fetch failed', isShared: false };
  }
}

function nameSource({ issuer, keySource }: Pick<KeyRequest, 'issuer' | 'keySource'>): string {
  return JSON.stringify([issuer, keySource]);
}
