/**
 * Whether an endpoint can be connected to, as its last connections say. One that cannot is left out for a pause, which grows; then
 * a single request tries it, and the others still go elsewhere until that one has an answer.
 */

import type { FailureCause } from '../../denial.ts';

/** Milliseconds: the first pause, and the longest; each is twice the one before. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 10_000;

export interface AvailabilityEvents {
  onLeftOut(cause: FailureCause): void;
  onBack(): void;
}

export class Availability {
  /** Milliseconds; 0 while it can be connected to. */
  #pause = 0;
  /** When the pause is over, as `performance.now()`. */
  #until = 0;
  /** The pause was over, and a request has been sent to it. */
  #isTried = false;
  #cause: FailureCause | undefined;
  /** Set where others can take its place; else it is not left out, whatever happens. */
  events: AvailabilityEvents | undefined;

  /** Why the last connection failed; `undefined` while it can be connected to. */
  get cause(): FailureCause | undefined {
    return this.#cause;
  }

  /** @param now as `performance.now()`. @returns the milliseconds for which it is still left out, 0 for none. */
  pauseAt(now: number): number {
    return this.#pause === 0 ? 0 : Math.max(0, this.#until - now);
  }

  /** A request is sent to it. */
  onSend(now: number): void {
    if (this.#pause === 0) return;
    this.#isTried = true;
    this.#until = now + this.#pause;
  }

  /** It was connected to, or has responded. */
  onConnect(): void {
    if (this.#pause === 0) return;
    this.#pause = 0;
    this.#isTried = false;
    this.#cause = undefined;
    this.events?.onBack();
  }

  /** It could not be connected to. What was begun before it was left out is not counted again. */
  onFailure(cause: FailureCause, now: number): void {
    const isFirst = this.#pause === 0;
    if (!(isFirst || this.#isTried)) return;
    this.#isTried = false;
    this.#cause = cause;
    this.#pause = isFirst ? FIRST_PAUSE : Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.#until = now + this.#pause;
    if (isFirst) this.events?.onLeftOut(cause);
  }
}
