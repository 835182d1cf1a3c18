/**
 * When the keys of an issuer are due. It has no clock: every time is one of `performance.now()`, which no change of the
 * system's clock moves. What tokens cause to be fetched never puts off what is due.
 */
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;
/** An interval is shortened by up to this share, so that many gateways do not ask at the same moment. */
const JITTER = 0.1;
export class RefreshSchedule {
    #settings;
    #random;
    #failures = 0;
    /** From the latest attempt that counts to the next. */
    #interval;
    #dueAt = Number.NEGATIVE_INFINITY;
    constructor(settings, random = Math.random) {
        this.#settings = settings;
        this.#random = random;
        this.#interval = settings.refresh;
    }
    get dueAt() {
        return this.#dueAt;
    }
    /**
     * How old the result of another worker may be that stands for one of our own: half of the interval, since workers are due
     * at about the same time.
     */
    get acceptedAge() {
        const half = this.#interval / 2;
        return this.#failures === 0
            ? { keys: half, failure: Math.min(half, FIRST_RETRY / 2) }
            : { keys: this.#settings.refresh / 2, failure: half };
    }
    /**
     * @param at when the keys were fetched: earlier than `now` where another worker fetched them.
     * @param lifetime milliseconds for which the issuer says that the key set is fresh. It counts between `cooldown` and `refresh`.
     */
    recordSuccess(at, now, lifetime) {
        const { refresh, cooldown } = this.#settings;
        this.#failures = 0;
        this.#interval = Math.min(Math.max(lifetime ?? refresh, cooldown), refresh);
        this.#dueAt = Math.max(at + this.#withJitter(this.#interval), now + this.#interval / 2);
    }
    /**
     * A fetch that was due has failed. Without a key that may verify, the next one follows after a second: then the issuer is
     * waited for. Else after 1, 2, 4 … 30 s, but not later than the keys end.
     *
     * @param usableUntil when the keys end.
     */
    recordFailure(at, usableUntil) {
        const first = Math.min(FIRST_RETRY, this.#settings.refresh);
        this.#failures += 1;
        const backoff = Math.min(FIRST_RETRY * 2 ** (this.#failures - 1), LONGEST_RETRY, this.#settings.refresh);
        const untilEnd = Math.max(usableUntil - at, first);
        this.#interval = usableUntil <= at ? first : Math.min(backoff, untilEnd);
        this.#dueAt = at + (this.#interval === untilEnd ? untilEnd : this.#withJitter(this.#interval));
    }
    #withJitter(interval) {
        return interval * (1 - JITTER * this.#random());
    }
}
