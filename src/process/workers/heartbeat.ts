/** Detects a worker that has not exited but does not serve: its event loop is blocked, or it was stopped by a signal. */

import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds between a reply and the next ping. */
const INTERVAL = 2_000;
/** Milliseconds without a reply after which a worker counts as hanging. */
export const HANG_LIMIT = 10_000;
/** A ping overdue by more than this says nothing about the worker: this process was suspended or blocked. The ping is repeated. */
const LATE = 1_000;

/**
 * Pings a worker until it does not reply or no longer runs.
 *
 * @param ping settles within the given milliseconds with whether the worker replied.
 * @param isRunning whether the worker has not exited yet.
 * @returns whether it hangs.
 */
export async function watchHeartbeat(
  ping: (limit: number) => Promise<boolean>,
  isRunning: () => boolean,
): Promise<boolean> {
  while (isRunning()) {
    const sentAt = performance.now();
    const hasReplied = await ping(HANG_LIMIT);
    const isLate = performance.now() - sentAt > HANG_LIMIT + LATE;
    if (!hasReplied && !isLate) return isRunning();
    if (hasReplied) await wait(INTERVAL, undefined, { ref: false });
  }
  return false;
}
