/**
 * The keys of one issuer, kept fresh. While the issuer cannot be reached, the last keys verify until `max_stale`. A token
 * that no key verifies may cause a fetch, since the keys may be old, but only one in each `cooldown`, however many come.
 */
import { isDeepStrictEqual } from 'node:util';
import { describeSource } from '../fetching/fetch-failure.js';
import { HeldKeys } from './held-keys.js';
import { KeyFetchError } from './key-fetch-error.js';
import { fetchDirectly } from './key-source.js';
import { RefreshSchedule } from './refresh-schedule.js';
export class KeySet {
    #issuer;
    #events;
    #fetchKeys;
    #held;
    #schedule;
    #stopped = new AbortController();
    #lastError;
    #hasTried = false;
    /** Verifiers that use this key set: two while one follows the other. */
    #holders = 1;
    #started;
    #fetching;
    /** The latest fetch that a token caused, by `performance.now()`. */
    #tokenFetchAt = Number.NEGATIVE_INFINITY;
    #timer;
    /** The refused keys that were reported, here or by another worker. */
    #reported = new Set();
    /** @param previous a key set of the same source under other settings: its keys verify until others have been fetched. */
    constructor(issuer, events, fetchKeys = fetchDirectly, previous) {
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
    start() {
        if (this.#started && this.#issuer.keySource.kind === 'file')
            return this.refresh();
        this.#started ??= this.refresh();
        return this.#started;
    }
    /** Fetches the keys before they are due, or joins the fetch under way. */
    refresh(cause = 'schedule') {
        this.#fetching ??= this.#fetch(cause).finally(() => {
            this.#fetching = undefined;
        });
        return this.#fetching;
    }
    /** Fetches the keys by a fetch that begins now: one under way may have asked before the issuer changed them. */
    async refetch() {
        await this.#fetching;
        return this.refresh('operator');
    }
    /** @returns this key set for one more holder, if `issuer` has the same source and settings for its keys. */
    retainFor({ keySource, keys }) {
        if (!isDeepStrictEqual([keySource, keys], [this.#issuer.keySource, this.#issuer.keys]))
            return undefined;
        this.#holders += 1;
        return this;
    }
    /** @returns whether `issuer` gets its keys from the same source, and trusts it by the same authorities. */
    isOfSameSource({ keySource, keys }) {
        const { keySource: own, keys: ownKeys } = this.#issuer;
        return isDeepStrictEqual([keySource, keys.caFile], [own, ownKeys.caFile]);
    }
    /** After the last holder: ends the timer and a fetch under way, and retires the keys. */
    release() {
        this.#holders -= 1;
        if (this.#holders > 0)
            return;
        this.#stopped.abort();
        clearTimeout(this.#timer);
        this.#held.retireAll();
    }
    /** @returns whether there is a key that may still verify. */
    isReady() {
        return this.#held.isReady();
    }
    /** @returns what the issuer publishes about each key, as last fetched. */
    published() {
        return this.#held.all;
    }
    /** @returns whether the first fetch has ended, failed or not. */
    hasTried() {
        return this.#hasTried;
    }
    /** @returns whether any fetch so far gave a key. */
    hasHadKeys() {
        return this.#held.fetchedAt !== undefined;
    }
    status() {
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
    find(keyId) {
        if (this.isReady())
            return this.#held.candidates(keyId);
        return this.#hasTried ? undefined : this.#findFetched(keyId);
    }
    /**
     * Called where none of the candidates verified a token: an unknown `kid`, no `kid`, or a signature that does not fit may all
     * mean that the keys at hand are old. Fetches, if the cooldown allows it, or joins the fetch under way.
     *
     * @param tried the candidates.
     * @returns the candidates that are new. A promise only where a fetch is waited for.
     */
    findNewer(keyId, tried) {
        const mayFetch = this.#fetching !== undefined || this.#mayFetchForToken();
        return mayFetch ? this.#fetchNewer(keyId, tried) : this.#newer(keyId, tried);
    }
    async #findFetched(keyId) {
        await this.#fetching;
        return this.isReady() ? this.#held.candidates(keyId) : undefined;
    }
    async #fetchNewer(keyId, tried) {
        await this.#fetching;
        const newer = this.#newer(keyId, tried);
        if (newer === undefined || newer.length > 0)
            return newer;
        // What was under way may have asked before the issuer changed its keys.
        if (this.#fetching === undefined && this.#mayFetchForToken())
            this.#tokenFetchAt = performance.now();
        else if (this.#fetching === undefined)
            return newer;
        await this.refresh('token');
        return this.#newer(keyId, tried);
    }
    #newer(keyId, tried) {
        return this.isReady() ? this.#held.candidates(keyId).filter(key => !tried.includes(key)) : undefined;
    }
    /** The cooldown counts these fetches only, failed ones too: a rotation just after the start is noticed at once. */
    #mayFetchForToken() {
        return performance.now() - this.#tokenFetchAt >= this.#issuer.keys.cooldown;
    }
    async #fetch(cause) {
        clearTimeout(this.#timer);
        const need = { cause, acceptedAge: this.#schedule.acceptedAge };
        let shared;
        try {
            const fetched = await this.#fetchKeys(this.#issuer, need, this.#stopped.signal);
            shared = fetched;
            await this.#use(fetched);
        }
        catch (error) {
            if (this.#stopped.signal.aborted)
                return;
            const failure = error instanceof KeyFetchError ? error : new KeyFetchError('the fetch failed');
            shared ??= failure;
            await this.#recordFailure(failure, cause);
        }
        if (this.#stopped.signal.aborted)
            return this.#held.retireAll();
        this.#hasTried = true;
        const { isShared, tokenFetchAge } = shared;
        // The cooldown is one for all workers: it ends here when it ends there.
        if (cause === 'token' && tokenFetchAge !== undefined)
            this.#tokenFetchAt = performance.now() - tokenFetchAge;
        const outcome = this.#lastError === undefined ? 'success' : 'failure';
        if (!isShared)
            this.#events.onFetch(this.#issuer.issuer, outcome, this.#lastError);
        this.#reportRefusedKeys(isShared);
        const delay = Math.max(0, this.#schedule.dueAt - performance.now());
        this.#timer = setTimeout(() => this.refresh(), delay).unref();
    }
    #reportRefusedKeys(isShared) {
        const faults = this.#held.refused.filter(({ isFault }) => isFault);
        const names = faults.map(({ keyId, reason }) => JSON.stringify([keyId, reason]));
        const unreported = faults.filter((_, index) => !this.#reported.has(names[index] ?? ''));
        this.#reported = new Set(names);
        if (unreported.length > 0 && !isShared)
            this.#events.onRefusedKeys(this.#issuer.issuer, unreported);
    }
    async #use(fetched) {
        await this.#held.replace(fetched, describeSource(this.#issuer));
        const now = performance.now();
        this.#schedule.recordSuccess(now - fetched.age, now, fetched.lifetime);
        this.#lastError = undefined;
    }
    async #recordFailure(failure, cause) {
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
