/** `500ms`, `5s`, `10m`, `1h` → milliseconds. */
import { accept, reject } from './parsed-value.js';
export const DURATION = 'a duration such as 500ms, 5s, 10m or 1h';
const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** Also the pattern in the JSON Schema. */
export const DURATION_FORM = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h)$/;
/** The longest `setTimeout` (2^31 - 1 ms) in whole days: Node.js fires a longer one at once. */
const LONGEST_TIMER_DAYS = 24;
/** @returns the milliseconds of `text`; rejects other units, zero, and more than `days` days. */
export function parseDuration(text, days = LONGEST_TIMER_DAYS) {
    const [, amount, unit] = DURATION_FORM.exec(text) ?? [];
    if (amount === undefined || unit === undefined)
        return reject('is not a duration', { nearest: suggestDuration(text) });
    const milliseconds = Math.round(Number(amount) * MILLISECONDS[unit]);
    if (milliseconds === 0)
        return reject('is zero');
    if (milliseconds > days * 24 * MILLISECONDS.h) {
        return reject('is too long', { expected: `at most ${days * 24}h (${days} days)` });
    }
    return accept(milliseconds);
}
export const LEEWAY = 'a duration from 0s to 5m, such as 30s';
/** RFC 7519 section 4.1.4: "no more than a few minutes, to account for clock skew". */
const LONGEST_LEEWAY = 5 * MILLISECONDS.m;
/** @returns the milliseconds of `text`, which may be zero; rejects more than 5 minutes. */
export function parseLeeway(text) {
    if (/^0+(?:\.0+)?(?:ms|s|m|h)$/.test(text))
        return accept(0);
    const parsed = parseDuration(text);
    if (!parsed.ok || parsed.value <= LONGEST_LEEWAY)
        return parsed;
    return reject('is too long for a difference between clocks', { expected: 'at most 5m' });
}
function suggestDuration(text) {
    const [, amount, unit] = /^(\d{1,4})\s*([a-z]*)$/i.exec(text) ?? [];
    if (amount === undefined || unit === undefined)
        return undefined;
    if (/^d(ays?)?$/i.test(unit))
        return `${Number(amount) * 24}h`;
    const short = unit === '' ? 's' : unit.toLowerCase().replace(/^(ms|[smh]).*$/, '$1');
    return Object.hasOwn(MILLISECONDS, short) ? amount + short : undefined;
}
