/** `auto` or a number → how many processes serve. */
import { availableParallelism } from 'node:os';
import { accept, reject } from './parsed-value.js';
export const MOST_WORKERS = 256;
export const WORKERS = `auto, or a whole number from 1 to ${MOST_WORKERS}`;
export const WORKERS_FORM = /^(auto|\d{1,3})$/;
/** @returns the number in `text`; for `auto` the number of cores that this process may use. */
export function parseWorkers(text) {
    if (text === 'auto')
        return accept(Math.min(availableParallelism(), MOST_WORKERS));
    const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
    return count >= 1 && count <= MOST_WORKERS ? accept(count) : reject('is not such a number');
}
