/** Which upstreams only public and `report` routes use. A path that servers read differently is forwarded to those, and reported. */

import type { Route } from '../config/config.ts';
import type { Endpoint } from '../config/upstream-config.ts';

/** The ports, and the paths of unix sockets, of protected upstreams. No host: one server may have many names. */
export type ProtectedPorts = Set<string>;

/** Adds those of the upstream of `route`, unless the route is public or on `report` and so protects nothing. */
export function addProtectedPorts(ports: ProtectedPorts, route: Route): void {
  if (route.public || route.enforcement === 'report') return;
  for (const endpoint of route.upstream.endpoints) ports.add(portOf(endpoint));
}

/** @returns whether only public and `report` routes use the upstream of `route`. */
export function isUnprotectedUpstream(ports: ProtectedPorts, route: Route): boolean {
  return route.upstream.endpoints.every(endpoint => !ports.has(portOf(endpoint)));
}

/** `/var/run` is another name of `/run` (Filesystem Hierarchy Standard 3.0 section 5.13). */
function portOf({ socketPath, origin }: Endpoint): string {
  if (socketPath !== undefined) return socketPath.replace(/^\/var\/run\//, '/run/');
  const { port, protocol } = new URL(origin);
  return port || (protocol === 'https:' ? '443' : '80');
}
