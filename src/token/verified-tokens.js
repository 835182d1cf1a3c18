/**
 * The tokens that were verified, each under the SHA-256 of the whole token, so that nothing here can be sent as a token. A token that
 * was used once is kept as the text of its claims: the twenty objects of an access token, a hundred thousand times, would keep
 * the garbage collector busy for more than their verification costs. They are made again when it comes a second time.
 */
import { getHeapStatistics } from 'node:v8';
import { LRUCache } from 'lru-cache';
import { readVerified } from './jws/jws-verification.js';
const MOST_TOKENS = 100_000;
/** The share of the heap that all entries together may use. */
const HEAP_SHARE = 1 / 8;
/** Bytes of an entry whose token was made again, as measured. */
const entrySize = (token) => 1024 + 2 * token.length;
export class VerifiedTokens {
    #entries = new LRUCache({
        max: MOST_TOKENS,
        maxSize: Math.floor(getHeapStatistics().heap_size_limit * HEAP_SHARE),
    });
    /** @param now milliseconds since 1970. @returns what was verified; whether its key and its issuer still count is for the caller to judge. */
    get(hash, now) {
        const entry = this.#entries.get(hash);
        return entry && (entry.verified ?? restore(entry, now));
    }
    /** @param token whose signature was verified, with the result. */
    set(hash, token, { key, issuer, accessToken: { type } }) {
        const text = readPayload(token);
        this.#entries.set(hash, { key, issuer, type, text, verified: undefined }, { size: entrySize(token) });
    }
    delete(hash) {
        this.#entries.delete(hash);
    }
}
/** @returns the same token that was verified, read from the same text by the same settings. */
function restore(entry, now) {
    const { key, issuer, type, text } = entry;
    const restored = readVerified({ jws: { type, claims: JSON.parse(text) }, issuer, now }, key);
    if (!restored.ok)
        return undefined;
    entry.verified = restored;
    entry.text = '';
    return restored;
}
/** A copy: a part of the token's own text would keep all of it in memory. */
function readPayload(token) {
    const payload = token.slice(token.indexOf('.') + 1, token.lastIndexOf('.'));
    return Buffer.from(payload, 'base64url').toString('utf8');
}
