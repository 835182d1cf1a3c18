/** The keys of one issuer as last fetched, and until when they verify: a key past `max_stale` verifies nothing. */
import { checkKeys, countReasons } from '../../config/values/key-set/json-web-key-set.js';
import { KeyFetchError } from './key-fetch-error.js';
import { createVerificationKey, RETIRED } from './verification-key.js';
const LONGEST_KEY_ID = 256;
const NOT_IMPORTABLE = { why: 'not well-formed', isFault: true };
export class HeldKeys {
    #maxStale;
    #keys = [];
    #refused = [];
    /** By `performance.now()`. */
    #fetchedAt;
    /**
     * @param maxStale milliseconds after a fetch during which its keys verify.
     * @param previous keys of the same source under other settings, which verify until others have been fetched.
     */
    constructor(maxStale, previous) {
        this.#maxStale = maxStale;
        this.#fetchedAt = previous?.fetchedAt;
        this.#keys = (previous?.all ?? []).map(key => ({ ...key, usableUntil: this.usableUntil }));
    }
    get all() {
        return this.#keys;
    }
    /** The published keys of the latest answer that verify nothing here. */
    get refused() {
        return this.#refused;
    }
    /** When the latest fetch that gave keys ended; `undefined` before the first. */
    get fetchedAt() {
        return this.#fetchedAt;
    }
    /** Until when the keys verify; before the first fetch, none does. */
    get usableUntil() {
        return this.#fetchedAt === undefined ? RETIRED : this.#fetchedAt + this.#maxStale;
    }
    /** @returns milliseconds since the last successful fetch; `undefined` before the first. */
    age() {
        return this.#fetchedAt === undefined ? undefined : performance.now() - this.#fetchedAt;
    }
    /** @returns whether there is a key that may still verify. */
    isReady() {
        return this.#keys.length > 0 && performance.now() < this.usableUntil;
    }
    /** @returns the keys with the `kid` of a token; without a `kid`, every key. */
    candidates(keyId) {
        return keyId === undefined ? this.#keys : this.#keys.filter(key => key.keyId === keyId);
    }
    /**
     * Takes over fetched keys and retires those that are gone. An unchanged key stays the same object, so tokens that it
     * verified stay verified.
     *
     * @param source for the message of the error.
     * @throws KeyFetchError where no key can verify a token; the keys are then as before.
     */
    async replace({ jwks, age }, source) {
        const fetchedAt = performance.now() - age;
        const held = new Map(this.#keys.map(key => [key.fingerprint, key]));
        const checked = checkKeys(jwks);
        const keys = await Promise.all(checked.map(key => held.get(key.fingerprint) ?? createVerificationKey(key)));
        const usable = keys.filter(key => key !== undefined);
        this.#refused = checked.flatMap((key, index) => (keys[index] === undefined ? describeRefused(key) : []));
        if (usable.length === 0)
            throw new KeyFetchError(`${source}: ${describeUnusable(checked)}`);
        this.retireAll();
        this.#keys = usable;
        this.#fetchedAt = fetchedAt;
        for (const key of usable)
            key.usableUntil = this.usableUntil;
    }
    /** Ends every key, so that tokens which it verified count as unverified. */
    retireAll() {
        for (const key of this.#keys)
            key.usableUntil = RETIRED;
    }
}
function describeRefused({ keyId, check }) {
    const { why: reason, isFault } = check.ok ? NOT_IMPORTABLE : check;
    return { keyId: keyId?.slice(0, LONGEST_KEY_ID), reason, isFault };
}
function describeUnusable(checked) {
    const reasons = countReasons(checked.map(({ check }) => check));
    return `the key set has no usable key${reasons === '' ? '' : `: ${reasons}`}`;
}
