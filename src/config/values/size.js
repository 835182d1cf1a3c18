/** `64KiB`, `10MiB`, `1GiB` → bytes; counts of connections and requests. */
import { accept, reject } from './parsed-value.js';
export const SIZE = 'a size such as 64KiB, 10MiB or 1GiB';
export const COUNT = 'a whole number from 1 to 1000000';
export const SIZE_FORM = /^(\d{1,12})(B|KiB|MiB|GiB)$/;
export const COUNT_FORM = /^\d{1,7}$/;
const BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
/** @returns the bytes of `text`; rejects decimal units (kB, MB), zero, and more than 1024 GiB. */
export function parseSize(text) {
    const [, amount, unit] = SIZE_FORM.exec(text) ?? [];
    if (amount === undefined || unit === undefined)
        return reject('is not a size', { nearest: suggestSize(text) });
    const bytes = Number(amount) * BYTES[unit];
    if (bytes === 0)
        return reject('is zero');
    return bytes <= 1024 * BYTES.GiB ? accept(bytes) : reject('is too large', { expected: 'at most 1024GiB' });
}
/** @returns the number in `text`. */
export function parseCount(text) {
    const count = COUNT_FORM.test(text) ? Number(text) : 0;
    return count >= 1 && count <= 1_000_000 ? accept(count) : reject('is not such a number');
}
function suggestSize(text) {
    const [, amount, prefix = ''] = /^(\d{1,6})\s*([kmg]?)i?b?$/i.exec(text) ?? [];
    return amount && prefix ? `${amount}${prefix.toUpperCase()}iB` : undefined;
}
