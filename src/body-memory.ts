/** How much memory the bodies may have that are read whole, in this process: of all routes together, since they fill the same memory. */

/** Bytes. With many long bodies it is reached before `limits.in_flight` is. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Bytes of the bodies of requests that are refused whatever they say. */
const MOST_BYTES_REFUSED = 4 * 1024 * 1024;

/** Apart from each other, since a request that is refused may come from anybody: it takes no room of those that a token was shown for. */
export interface BodyMemories {
  /** Of bodies that decide. */
  readonly judged: BodyMemory;
  /** Of bodies that are read for the id of their message only. One that finds no room is not read. */
  readonly refused: BodyMemory;
}

export function createBodyMemories(): BodyMemories {
  return { judged: new BodyMemory(MOST_BYTES), refused: new BodyMemory(MOST_BYTES_REFUSED) };
}

export class BodyMemory {
  readonly #most: number;
  #used = 0;

  /** @param most bytes. */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns whether there is room for `bytes` more; they are counted then, until they are returned. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#most) return false;
    this.#used += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}
