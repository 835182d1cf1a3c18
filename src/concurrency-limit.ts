/** How many requests of each route are under way. */

import type { Route } from './config/config.ts';

export class InFlight {
  /** By the route's key, so that a reload goes on counting. */
  readonly #counts = new Map<string, number>();

  /** @returns whether there is room for one more request of `route`; it has taken it then, until `leave`. */
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
