/** Whether a worker still answers: one whose event loop is blocked, or that was stopped, has not ended and serves nobody. */

import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds between an answer and the next question. */
const INTERVAL = 2_000;
/** Milliseconds without an answer after which a worker hangs. */
export const HANG_LIMIT = 10_000;
/** A question that is settled later than this was late here: this process was stopped, or had no time. */
const LATE = 1_000;

/**
 * Asks until there is no answer, or nobody to ask.
 *
 * @param ask settles within the given milliseconds: whether there was an answer.
 * @param isThere whether the worker is still to be asked.
 * @returns whether it hangs.
 */
export async function watchHeartbeat(
  ask: (limit: number) => Promise<boolean>,
  isThere: () => boolean,
): Promise<boolean> {
  while (isThere()) {
    const askedAt = performance.now();
    const isAlive = await ask(HANG_LIMIT);
    const isLate = performance.now() - askedAt > HANG_LIMIT + LATE;
    if (!isAlive && !isLate) return isThere();
    if (isAlive) await wait(INTERVAL, undefined, { ref: false });
  }
  return false;
}
