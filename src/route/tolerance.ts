/** Upstreams behind which nothing is protected yet: there a path of several readings is only reported. */

import type { Route } from '../config/config.ts';

/** The ports of upstreams that some route protects. Upstreams are one where the port is: a server has many names. */
export type GuardedPorts = Set<string>;

/** Notes that `route` protects its upstream; a public route, and one on `report`, protects none. */
export function addGuardedPort(ports: GuardedPorts, route: Route): void {
  if (!route.public && route.enforcement !== 'report') ports.add(portOf(route));
}

/** @returns whether only public routes and routes on `report` lead to the upstream of `route`. */
export function isTolerant(ports: GuardedPorts, route: Route): boolean {
  return !ports.has(portOf(route));
}

function portOf({ upstream: { origin } }: Route): string {
  const { port, protocol } = new URL(origin);
  return port || (protocol === 'https:' ? '443' : '80');
}
