/**
 * A timer for a moment by the wall clock, which may be years away. It looks at that clock again every minute: `setTimeout` fires at once
 * past 2^31 - 1 ms, and counts neither a clock that was set nor the time that a machine was suspended.
 */

/** Milliseconds. */
const LOOK_AGAIN = 60_000;

export interface Timer {
  stop(): void;
}

/** Calls `fire` at `at`, milliseconds since 1970; it does not keep the process running. */
export function startTimer(at: number, fire: () => void): Timer {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const remaining = at - Date.now();
    timer = setTimeout(remaining > LOOK_AGAIN ? arm : fire, Math.min(Math.max(remaining, 0), LOOK_AGAIN)).unref();
  };
  arm();
  return { stop: () => clearTimeout(timer) };
}
