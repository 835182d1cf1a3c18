/** The part of a configured limit that one of several workers gets. */

import type { Config, Route } from '../../config/config.ts';

/**
 * @returns `config` with the share of `limits.connections` that one of `workers` has. Shares are equal and rounded up. A
 *   worker does not know how busy the others are, so one may refuse a connection while another could still take it.
 */
export function shareLimits(config: Config, workers: number): Config {
  return { ...config, limits: { ...config.limits, connections: share(config.limits.connections, workers) } };
}

/** @returns `route` with the share of its `in_flight` that one of `workers` has. */
export function shareRoute(route: Route, workers: number): Route {
  return { ...route, limits: { ...route.limits, inFlight: share(route.limits.inFlight, workers) } };
}

function share(limit: number, workers: number): number {
  return Math.ceil(limit / workers);
}
