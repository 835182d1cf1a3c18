/** Which upstreams have nothing protected yet. Paths with several readings are forwarded to those, and only reported. */

import type { Route } from '../config/config.ts';

/** The ports of protected upstreams. Only the port is compared, since one server may have many names. */
export type GuardedPorts = Set<string>;

/** Adds the port of the upstream of `route`, unless the route is public or on `report` and so protects nothing. */
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
