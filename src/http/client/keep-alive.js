/** How long a connection to an upstream is kept for further requests (RFC 9112 section 9.3). */
/** Milliseconds. A server closes a connection about when its `Keep-Alive: timeout` ends; we stop using it this much earlier. */
const SAFETY = 1_000;
/** How long a connection is used again. */
export class KeepAlive {
    #idle;
    #endsAt;
    /** @param limits milliseconds: without a request, and from now on. */
    constructor(limits) {
        this.#idle = limits.idle;
        this.#endsAt = performance.now() + limits.maxAge;
    }
    /** @param now as `performance.now()`. @returns whether the connection is too old for a further request. */
    isOver(now) {
        return now >= this.#endsAt;
    }
    /**
     * @param told by the upstream (RFC 2068 section 19.7.1).
     * @returns the milliseconds for which the connection may wait for a request, at most 0 where it must be closed.
     */
    idleTime(told) {
        if (this.isOver(performance.now()))
            return 0;
        return told === undefined ? this.#idle : Math.min(this.#idle, told - SAFETY);
    }
}
