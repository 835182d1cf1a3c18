/** When the exceptions of the configuration lapse, and when they were last used, as gauges and for the status page. */

import type { Route } from '../../config/config.ts';
import type { Exception } from '../../config/exceptions/exception.ts';
import type { Counts } from './counts.ts';
import type { ExceptionUse } from './exception-uses.ts';
import { GAUGES } from './families.ts';
import type { Gauge } from './gauges.ts';

/** The exceptions of one client on one route: they have one series. */
export interface ClientExceptions {
  readonly route: string;
  readonly clientId: string;
  readonly exceptions: readonly Exception[];
}

/** The uses of the exceptions of one route. */
export interface RouteUses {
  readonly route: string;
  readonly uses: readonly ExceptionUse[];
}

/** @returns the exceptions of `routes`, in the order of the YAML. */
export function listClientExceptions(routes: readonly Route[]): readonly ClientExceptions[] {
  return routes.flatMap(route =>
    route.public
      ? []
      : Array.from(route.exceptions, ([clientId, exceptions]) => ({ route: route.id, clientId, exceptions })),
  );
}

/** @param now milliseconds since 1970. @returns the gauges, with a sample for each client that has exceptions on a route. */
export function listExceptionGauges(
  clients: readonly ClientExceptions[],
  counts: Counts,
  now: number,
): readonly [expiry: Gauge, lastUsed: Gauge] {
  const valuesOf = ({ route, clientId }: ClientExceptions) => [route, clientId];
  return [
    {
      ...GAUGES.exceptionExpiry,
      samples: clients.map(each => ({ values: valuesOf(each), value: findLapse(each.exceptions, now) / 1000 })),
    },
    {
      ...GAUGES.exceptionLastUsed,
      samples: clients.map(each => ({ values: valuesOf(each), value: findLastUse(each, counts) / 1000 })),
    },
  ];
}

/** @returns the uses on each route that has an exception. */
export function listRouteUses(clients: readonly ClientExceptions[], counts: Counts): readonly RouteUses[] {
  return [...new Set(clients.map(({ route }) => route))].map(route => ({
    route,
    uses: counts.find('route', route)?.exceptions.list() ?? [],
  }));
}

function findLapse(exceptions: readonly Exception[], now: number): number {
  const lapses = exceptions.map(({ lapsesAt }) => lapsesAt);
  const ahead = lapses.filter(lapse => lapse > now);
  return ahead.length > 0 ? Math.min(...ahead) : Math.max(...lapses);
}

function findLastUse({ route, clientId }: ClientExceptions, counts: Counts): number {
  const uses = counts.find('route', route)?.exceptions.list() ?? [];
  return uses.reduce((last, { of, lastAt }) => (of.clientId === clientId ? Math.max(last, lastAt) : last), 0);
}
