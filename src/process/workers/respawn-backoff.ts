/** When a worker is respawned: at once where the last one ran for a while, else after a delay that doubles each time. */

/** Milliseconds after which an exit does not count as early. */
const EARLY_EXIT = 10_000;
const FIRST_DELAY = 100;
const LONGEST_DELAY = 30_000;
/** Milliseconds for a worker to start serving, during which a reload waits; doubled after each early exit. */
const FIRST_START_LIMIT = 15_000;
const LONGEST_START_LIMIT = 60_000;

export class RespawnBackoff {
  readonly #timers = new Set<NodeJS.Timeout>();
  #earlyExits = 0;
  #isClosed = false;

  /** Milliseconds that the next worker has to start serving. */
  get startLimit(): number {
    return Math.min(FIRST_START_LIMIT * 2 ** this.#earlyExits, LONGEST_START_LIMIT);
  }

  /** Calls `respawn` after the delay that follows an exit, unless closed before. @param lifetime milliseconds that the worker ran. */
  schedule(lifetime: number, respawn: () => void): void {
    if (this.#isClosed) return;
    this.#earlyExits = lifetime < EARLY_EXIT ? this.#earlyExits + 1 : 0;
    const delay = this.#earlyExits === 0 ? 0 : Math.min(FIRST_DELAY * 2 ** (this.#earlyExits - 1), LONGEST_DELAY);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      respawn();
    }, delay);
    this.#timers.add(timer);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
