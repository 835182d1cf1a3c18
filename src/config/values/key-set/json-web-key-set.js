/** The text of a key set (RFC 7517 section 5) → its keys. */
import { isRawMap } from '../../source/raw-map.js';
import { accept, reject } from '../parsed-value.js';
import { checkKey, readKeyId } from './json-web-key.js';
export const MOST_KEYS = 100;
/** @returns the JSON object in `text`, or `undefined`; a byte order mark is skipped (RFC 8259 section 8.1). */
export function parseJsonObject(text) {
    try {
        const value = JSON.parse(text.replace(/^\uFEFF/, ''));
        return isRawMap(value) ? value : undefined;
    }
    catch {
        // The message of the parser would quote the text.
        return undefined;
    }
}
/**
 * @param keys as published.
 * @returns each of them in the same order. Refused, beside what `checkKey` refuses: the same key a second time, and what comes
 *   after the first hundred, since a token without `kid` is tried with every key. Two different keys of one `kid` both count.
 */
export function checkKeys(keys) {
    const seen = new Set();
    return keys.map((jwk, index) => {
        const key = describeKey(jwk);
        if (index >= MOST_KEYS)
            return { ...key, check: refuse(`beyond the first ${MOST_KEYS} keys`) };
        if (key.check.ok && seen.has(key.fingerprint))
            return { ...key, check: refuse('the same key a second time') };
        seen.add(key.fingerprint);
        return key;
    });
}
function describeKey(jwk) {
    const check = checkKey(jwk);
    const keyId = readKeyId(jwk);
    const written = isRawMap(jwk) ? jwk['kid'] : undefined;
    const isAbsent = written === undefined || written === null;
    const remark = isAbsent ? 'without kid' : keyId === undefined ? 'its kid is no string' : undefined;
    const fingerprint = check.ok ? JSON.stringify([keyId, check.algorithms, check.material]) : '';
    return { jwk, keyId, check, remark, fingerprint };
}
function refuse(why) {
    return { ok: false, why, isFault: true };
}
/**
 * @param algorithms with which the issuer may sign; `undefined` accepts keys of every algorithm.
 * @returns the keys of a key set in a file; rejects one that holds a secret, more than 100 keys, or no key that can verify
 *   a token.
 */
export function readKeyFile(text, algorithms) {
    const keys = parseKeySet(text);
    if (!keys.ok)
        return keys;
    if (keys.value.length === 0)
        return reject('has no key in "keys"');
    if (keys.value.length > MOST_KEYS)
        return reject(`has more than ${MOST_KEYS} keys`);
    const checked = checkKeys(keys.value).map(({ check }) => check);
    if (checked.some(each => !each.ok && each.isSecret)) {
        return reject('holds a private or symmetric key, where others may read it', { expected: 'public keys only' });
    }
    const usable = checked.filter(each => each.ok);
    if (usable.length === 0)
        return reject(`has no key that can verify a token: ${countReasons(checked)}`);
    const isAllowed = usable.some(each => algorithms === undefined || each.algorithms.some(name => algorithms.has(name)));
    return isAllowed ? keys : reject('has no key for the algorithms of this issuer');
}
/** @returns why keys cannot be used, counted: `2 no JSON object, 1 not well-formed`. */
export function countReasons(checked) {
    const counts = new Map();
    for (const each of checked)
        if (!each.ok)
            counts.set(each.why, (counts.get(each.why) ?? 0) + 1);
    return [...counts].map(([why, count]) => `${count} ${why}`).join(', ');
}
function parseKeySet(text) {
    const parsed = parseJsonObject(text);
    if (parsed === undefined)
        return reject('is not a JSON object');
    return Array.isArray(parsed['keys']) ? accept(parsed['keys']) : reject('has no array "keys"');
}
