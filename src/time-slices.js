/** Long work in slices, so that the thread serves requests in between. */
import { setImmediate } from 'node:timers/promises';
/** Milliseconds. */
const SLICE = 4;
export class Slices {
    #end = performance.now() + SLICE;
    /** To be called after each step. @returns `undefined` in the slice; at its end, a promise to await for the next one. */
    pause = () => {
        return performance.now() < this.#end ? undefined : this.#wait();
    };
    async #wait() {
        await setImmediate();
        this.#end = performance.now() + SLICE;
    }
}
/** Calls `step` with each entry of `list`, in slices. */
export async function eachInSlices(list, step) {
    const slices = new Slices();
    for (const entry of list) {
        step(entry);
        const pause = slices.pause();
        if (pause)
            await pause;
    }
}
