/** How much one route gets by a proposal: what a reviewer can read, and no more than the loader accepts beside what is there. */

import { LIMITS } from '../../../config/source/limits.ts';

/**
 * Keeps the first of each route.
 *
 * @param routeOf gives the key of the route of an item.
 * @param most of one route.
 * @param countKnown gives how many entries the list of a route has already, of which it may have `LIMITS.entries`.
 */
export function limitRoutes<T>(
  items: readonly T[],
  routeOf: (item: T) => string,
  most: number,
  countKnown: (route: string) => number,
): readonly T[] {
  const left = new Map<string, number>();
  return items.filter(item => {
    const route = routeOf(item);
    const more = left.get(route) ?? Math.min(most, LIMITS.entries - countKnown(route));
    left.set(route, more - 1);
    return more > 0;
  });
}
