/** Counts the requests of one gateway until the last has finished. */
export class RequestCount {
    #count = 0;
    #onIdle;
    enter() {
        this.#count += 1;
    }
    leave() {
        this.#count -= 1;
        if (this.#count === 0)
            this.#onIdle?.();
    }
    /** Settles when no request is left. Call it once. */
    async untilIdle() {
        if (this.#count === 0)
            return;
        await new Promise(resolve => {
            this.#onIdle = resolve;
        });
    }
}
