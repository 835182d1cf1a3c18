/** Upstreams behind which nothing is protected yet: there a path of several readings is only reported. */

import type { Route } from '../config/config.ts';

/**
 * @returns the routes whose upstream only public routes and routes on `report` lead to. Upstreams are one where the port is:
 *   a server has many names.
 */
export function listTolerant(routes: readonly Route[]): ReadonlySet<Route> {
  const isProtecting = (route: Route) => !route.public && route.enforcement !== 'report';
  const guarded = new Set(routes.filter(isProtecting).map(portOf));
  return new Set(routes.filter(route => !guarded.has(portOf(route))));
}

function portOf({ upstream: { origin } }: Route): string {
  const { port, protocol } = new URL(origin);
  return port || (protocol === 'https:' ? '443' : '80');
}
