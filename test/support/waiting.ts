/** Waiting for what no event reports, and limits on waiting. */

/**
 * Evaluates `condition` until it holds.
 *
 * @param limitMs only for a condition that never holds; long, since the machine may be busy.
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  limitMs = 30_000,
  intervalMs = 10,
): Promise<void> {
  for (const end = Date.now() + limitMs; !(await condition()); await pause(intervalMs)) {
    if (Date.now() > end) throw new Error(`the condition did not hold within ${limitMs} ms: ${condition}`);
  }
}

/** @returns what `promise` resolves to. @throws `complaint` where it has not settled after `milliseconds`. */
export async function withTimeout<T>(milliseconds: number, promise: Promise<T>, complaint: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

/** Waits until the clock shows `time` (milliseconds since the epoch). Timers may fire a millisecond early. */
export async function pauseUntil(time: number): Promise<void> {
  while (Date.now() < time) await pause(time - Date.now());
}
