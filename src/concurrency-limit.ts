/** Counts of the requests under way: of each route, which are limited, and of one gateway. */

import type { Route } from './config/config.ts';

/** Holds the requests of each route to its `limits.in_flight`. */
export class ConcurrencyLimit {
  /** By the route's key, so that the count is kept over a reload. */
  readonly #counts = new Map<string, number>();

  /** @returns whether one request more of `route` is allowed. It is counted then, until `leave`. */
  enter(route: Route): boolean {
    const count = this.#counts.get(route.key) ?? 0;
    if (count >= route.limits.inFlight) return false;
    this.#counts.set(route.key, count + 1);
    return true;
  }

  leave({ key }: Route): void {
    const count = (this.#counts.get(key) ?? 1) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}

/** Counts the requests of one gateway until the last has finished. */
export class RequestCount {
  #count = 0;
  #onIdle: (() => void) | undefined;

  enter(): void {
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onIdle?.();
  }

  /** Settles when none is under way. To be called once. */
  async untilIdle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>(resolve => {
      this.#onIdle = resolve;
    });
  }
}
