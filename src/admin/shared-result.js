/** Limits how often something expensive is made on the thread that forwards: at most once per second, shared by all callers. */
import { setTimeout } from 'node:timers/promises';
/** Milliseconds between the starts of two calls of `make`. */
const INTERVAL = 1_000;
/**
 * @returns a function that returns the next result of `make`. Callers that wait for the same result share it. `make` starts
 *   after they called, so the result shows everything that had happened by then. If it cannot start within `maxWait`
 *   milliseconds, the previous result is returned instead. Only one call of `make` runs at a time.
 */
export function shareResult(make, interval = INTERVAL) {
    let next;
    let latest;
    let previous = Promise.resolve();
    let earliestStart = Number.NEGATIVE_INFINITY;
    const makeNext = async () => {
        await previous;
        const wait = earliestStart - performance.now();
        if (wait > 0)
            await setTimeout(wait);
        next = undefined;
        earliestStart = performance.now() + interval;
        const made = make();
        const keep = () => {
            latest = made;
        };
        previous = made.then(keep, ignore);
        return made;
    };
    return (maxWait = Number.POSITIVE_INFINITY) => {
        if (latest && earliestStart - performance.now() > maxWait)
            return latest;
        next ??= makeNext();
        return next;
    };
}
function ignore() {
    // Whoever waits for the result gets the error. It is not kept.
}
