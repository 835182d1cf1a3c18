/** The moment until which something is waited for, by `performance.now()`. It is looked at by the sweep. */

import { NEVER } from './sweeper.ts';

export class Deadline {
  #at = NEVER;

  /** Waits for so many milliseconds from now on. */
  start(milliseconds: number): void {
    this.#at = performance.now() + milliseconds;
  }

  /** Waits for so many milliseconds from now on, or until it ends anyway, if that is earlier. */
  startAtMost(milliseconds: number): void {
    this.#at = Math.min(this.#at, performance.now() + milliseconds);
  }

  /** Waits for nothing. */
  stop(): void {
    this.#at = NEVER;
  }

  isPast(now: number): boolean {
    return now >= this.#at;
  }
}
