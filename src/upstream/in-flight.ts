/** How many requests of each route are under way. */

import type { Route } from '../config/config.ts';

export class InFlight {
  readonly #counts = new Map<Route, number>();

  /** @returns whether there is room for one more request of `route`; it has taken it then, until `leave`. */
  enter(route: Route): boolean {
    const count = this.#counts.get(route) ?? 0;
    if (count >= route.limits.inFlight) return false;
    this.#counts.set(route, count + 1);
    return true;
  }

  leave(route: Route): void {
    this.#counts.set(route, (this.#counts.get(route) ?? 1) - 1);
  }
}
