/** The limits that a granted request must be within before it is forwarded: `limits.body` and `limits.in_flight` of its route. */
export class RouteLimits {
    /** Requests in flight, by the route's key, so that the count is kept over a reload. */
    #inFlight = new Map();
    /**
     * @param contentLength `undefined` with a chunked body, whose size is checked while it is forwarded.
     * @returns `undefined` if the request is within the limits of `route`; it is counted then, until `leave`. Otherwise why not.
     */
    enter({ key, limits }, contentLength) {
        if (limits.body !== undefined && contentLength !== undefined && contentLength > limits.body)
            return 'body_too_large';
        const count = this.#inFlight.get(key) ?? 0;
        if (count >= limits.inFlight)
            return 'overloaded';
        this.#inFlight.set(key, count + 1);
        return undefined;
    }
    leave({ key }) {
        const count = (this.#inFlight.get(key) ?? 1) - 1;
        if (count > 0)
            this.#inFlight.set(key, count);
        else
            this.#inFlight.delete(key);
    }
}
