/** Counts of the last hour and the last day, in a ring of time slots: memory does not depend on how much is counted. */
const MINUTE = 60_000;
/** The oldest slot is cleared as a whole, so an hour is the last 55 to 60 minutes and a day the last 23 to 24 hours. */
const HOUR = { slot: 5 * MINUTE, slots: 12, begin: 0 };
const DAY = { slot: 60 * MINUTE, slots: 24, begin: 12 };
const SLOTS = HOUR.slots + DAY.slots;
export class RecentCounts {
    #kinds;
    #counts;
    #now;
    /** @param kinds how many kinds are counted, each by its index. @param now milliseconds of a monotonic clock. */
    constructor(kinds, now) {
        this.#kinds = kinds;
        this.#counts = new Uint32Array(SLOTS * kinds);
        this.#now = now;
    }
    /** Counts one of `kind`. */
    add(kind, now) {
        this.#advance(now);
        this.#increment(HOUR, kind);
        this.#increment(DAY, kind);
    }
    /** @returns the sums as of `now`. */
    list(now) {
        this.#advance(now);
        return { hour: this.#sum(HOUR), day: this.#sum(DAY) };
    }
    #increment({ slot, slots, begin }, kind) {
        const index = (begin + (Math.floor(this.#now / slot) % slots)) * this.#kinds + kind;
        this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    }
    /** Empties the slots that have begun since the last call. */
    #advance(now) {
        if (now <= this.#now)
            return;
        this.#clear(HOUR, now);
        this.#clear(DAY, now);
        this.#now = now;
    }
    #clear({ slot, slots, begin }, now) {
        const last = Math.floor(this.#now / slot);
        const passed = Math.min(Math.floor(now / slot) - last, slots);
        for (let step = 1; step <= passed; step++) {
            const from = (begin + ((last + step) % slots)) * this.#kinds;
            this.#counts.fill(0, from, from + this.#kinds);
        }
    }
    #sum({ slots, begin }) {
        const end = (begin + slots) * this.#kinds;
        return Array.from({ length: this.#kinds }, (_, kind) => {
            let sum = 0;
            for (let index = begin * this.#kinds + kind; index < end; index += this.#kinds)
                sum += this.#counts[index] ?? 0;
            return sum;
        });
    }
}
