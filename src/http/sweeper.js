/**
 * Time-outs of many connections by one timer: each has its moment, and is looked at four times a second. A timer for each
 * request costs more than the rest of its bookkeeping.
 *
 * Where the process was busy for longer than a time-out, what has come meanwhile still waits in the operating system. So it is read
 * first: `setImmediate` runs behind everything that was ready to be read.
 */
/** Milliseconds: the most that a time-out is late. */
const INTERVAL = 250;
/** A moment that does not come. */
export const NEVER = Number.POSITIVE_INFINITY;
export class Sweeper {
    #all = new Set();
    #timer;
    add(swept) {
        this.#all.add(swept);
        this.#timer ??= setInterval(this.#sweep, INTERVAL).unref();
    }
    remove(swept) {
        this.#all.delete(swept);
        if (this.#all.size > 0)
            return;
        clearInterval(this.#timer);
        this.#timer = undefined;
    }
    #sweep = () => {
        const now = performance.now();
        setImmediate(() => {
            for (const swept of this.#all)
                swept.sweep(now);
        });
    };
}
