/** Which upstreams only public and `report` routes use. A path that servers read differently is forwarded to those, and reported. */

import type { Route } from '../config/config.ts';

/** The ports of protected upstreams. Only the port is compared, since one server may have many names. */
export type ProtectedPorts = Set<string>;

/** Adds the port of the upstream of `route`, unless the route is public or on `report` and so protects nothing. */
export function addProtectedPort(ports: ProtectedPorts, route: Route): void {
  if (!route.public && route.enforcement !== 'report') ports.add(portOf(route));
}

/** @returns whether only public and `report` routes use the upstream of `route`. */
export function isUnprotectedUpstream(ports: ProtectedPorts, route: Route): boolean {
  return !ports.has(portOf(route));
}

function portOf({ upstream: { origin } }: Route): string {
  const { port, protocol } = new URL(origin);
  return port || (protocol === 'https:' ? '443' : '80');
}
