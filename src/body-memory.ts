/** How much memory the bodies may have that are read whole, in this process: of all routes together, since they fill the same memory. */

/** Bytes. With many long bodies it is reached before `limits.in_flight` is. */
const MOST_BYTES = 256 * 1024 * 1024;

export class BodyMemory {
  #used = 0;

  /** @returns whether there is room for `bytes` more; they are counted then, until they are returned. */
  take(bytes: number): boolean {
    if (this.#used + bytes > MOST_BYTES) return false;
    this.#used += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}
