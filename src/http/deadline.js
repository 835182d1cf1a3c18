/** The moment until which something is waited for, by `performance.now()`. It is looked at by the sweep. */
import { NEVER } from './sweeper.js';
export class Deadline {
    #at = NEVER;
    /** Waits for so many milliseconds from now on. */
    start(milliseconds) {
        this.#at = performance.now() + milliseconds;
    }
    /** Waits for so many milliseconds from now on, or until it ends anyway, if that is earlier. */
    startAtMost(milliseconds) {
        this.#at = Math.min(this.#at, performance.now() + milliseconds);
    }
    /** Waits for nothing. */
    stop() {
        this.#at = NEVER;
    }
    isPast(now) {
        return now >= this.#at;
    }
}
