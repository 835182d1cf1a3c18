/** A timer for a moment that may be years away: `setTimeout` fires at once past 2^31 - 1 ms. */
const LONGEST = 2 ** 31 - 1;
/** Calls `fire` at `at`, milliseconds since 1970; it does not keep the process running. */
export function startTimer(at, fire) {
    let timer;
    const arm = () => {
        const remaining = at - Date.now();
        timer = setTimeout(remaining > LONGEST ? arm : fire, Math.min(Math.max(remaining, 0), LONGEST)).unref();
    };
    arm();
    return { stop: () => clearTimeout(timer) };
}
