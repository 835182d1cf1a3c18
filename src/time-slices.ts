/** Long work on a thread that serves, in slices: requests are served in between. */

import { setImmediate } from 'node:timers/promises';

/** Milliseconds. */
const SLICE = 4;

export class Slices {
  #end = performance.now() + SLICE;

  /** To be awaited after each step. @returns `undefined` while there is time left, else a promise of the next slice. */
  readonly pause = (): Promise<void> | undefined => {
    return performance.now() < this.#end ? undefined : this.#wait();
  };

  async #wait(): Promise<void> {
    await setImmediate();
    this.#end = performance.now() + SLICE;
  }
}

/** Does `step` with each of `list`, in slices. */
export async function eachInSlices<T>(list: Iterable<T>, step: (entry: T) => void): Promise<void> {
  const slices = new Slices();
  for (const entry of list) {
    step(entry);
    const pause = slices.pause();
    if (pause) await pause;
  }
}
