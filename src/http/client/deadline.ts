/** The moment until which something is waited for, by `performance.now()`. It is looked at by the sweep. */

import { NEVER } from '../sweeper.ts';

export class Deadline {
  #at = NEVER;

  /** Waits for so many milliseconds from now on. */
  start(milliseconds: number): void {
    this.#at = performance.now() + milliseconds;
  }

  /** Waits for nothing. */
  stop(): void {
    this.#at = NEVER;
  }

  isPast(now: number): boolean {
    return now >= this.#at;
  }
}

/** Milliseconds. A server closes a connection about when its `Keep-Alive: timeout` ends; we stop using it this much earlier. */
const SAFETY = 1_000;

/**
 * @param told by the upstream (RFC 2068 section 19.7.1).
 * @returns the milliseconds that a connection is kept without a request: `most`, or less.
 */
export function readIdleTime(most: number, told: number | undefined): number {
  return told === undefined ? most : Math.min(most, told - SAFETY);
}
