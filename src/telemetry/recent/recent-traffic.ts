/**
 * Requests, denials and failures of the last hour and the last day by route, and denials by client, for the status page:
 * counters since the start do not show whether something has stopped. About 0.9 KB for each route that has traffic.
 */

import { actionOf, type FinishedRequest, NO_ROUTE } from '../finished-request.ts';
import { addWindows, ClientDenialCounter, type ClientDenials, mergeClients } from './client-denials.ts';
import { RecentCounts, type Windows } from './recent-counts.ts';
import { mergeSightings, type ScopeClaimSighting, ScopeClaimSightings } from './scope-claims.ts';

/** What is counted, in the order of the counts in `windows`. */
const TRAFFIC = ['requests', 'refused', 'reported', 'failed'] as const;
const [REQUESTS, REFUSED, REPORTED, FAILED] = [0, 1, 2, 3] as const;

export interface RouteTraffic {
  /** The id of the route, or `(none)`. */
  readonly route: string;
  readonly windows: Windows;
  /** When the latest refused and the latest reported denial was, in milliseconds since the epoch; 0 for none in the last day. */
  readonly lastRefused: number;
  readonly lastReported: number;
}

/** The recent traffic of one process, or of several merged. */
export interface Traffic {
  /** Since when the counts are complete, in milliseconds since the epoch. The recent counts of a worker that exits are lost. */
  readonly since: number;
  readonly routes: readonly RouteTraffic[];
  readonly clients: readonly ClientDenials[];
  readonly scopeClaims: readonly ScopeClaimSighting[];
}

interface RouteCounts {
  readonly counts: RecentCounts;
  lastRefused: number;
  lastReported: number;
}

export class RecentTraffic {
  readonly #since = Date.now();
  readonly #routes = new Map<string, RouteCounts>();
  readonly #clients = new ClientDenialCounter();
  readonly scopeClaims = new ScopeClaimSightings();

  /** Counts one request. Called once, when its response has closed. */
  record(request: FinishedRequest): void {
    const now = performance.now();
    const counted = this.#countsOf(request.route?.id ?? NO_ROUTE, now);
    counted.counts.add(REQUESTS, now);
    if (request.failure) counted.counts.add(FAILED, now);
    if (!request.denial) return;
    if (actionOf(request) === 'refused') {
      counted.counts.add(REFUSED, now);
      counted.lastRefused = Date.now();
    } else {
      counted.counts.add(REPORTED, now);
      counted.lastReported = Date.now();
    }
    this.#clients.record(request, now);
  }

  /** @returns the recent traffic as of now. Routes without a request in the last day are dropped. */
  list(): Traffic {
    const now = performance.now();
    const routes: RouteTraffic[] = [];
    for (const [route, { counts, lastRefused, lastReported }] of this.#routes) {
      const windows = counts.list(now);
      if (windows.day[REQUESTS] === 0) this.#routes.delete(route);
      else routes.push({ route, windows, lastRefused, lastReported });
    }
    return { since: this.#since, routes, clients: this.#clients.list(now), scopeClaims: this.scopeClaims.list() };
  }

  #countsOf(route: string, now: number): RouteCounts {
    const known = this.#routes.get(route);
    if (known) return known;
    const created = { counts: new RecentCounts(TRAFFIC.length, now), lastRefused: 0, lastReported: 0 };
    this.#routes.set(route, created);
    return created;
  }
}

/** @returns the traffic of several processes merged: complete since the last of them was started. */
export function mergeTraffic(all: readonly Traffic[]): Traffic {
  const routes = new Map<string, RouteTraffic>();
  for (const traffic of all.flatMap(each => each.routes)) {
    const other = routes.get(traffic.route);
    routes.set(traffic.route, other ? addRoute(other, traffic) : traffic);
  }
  return {
    since: all.length === 0 ? Date.now() : Math.max(...all.map(({ since }) => since)),
    routes: [...routes.values()],
    clients: mergeClients(all.map(({ clients }) => clients)),
    scopeClaims: mergeSightings(all.map(({ scopeClaims }) => scopeClaims)),
  };
}

function addRoute(a: RouteTraffic, b: RouteTraffic): RouteTraffic {
  return {
    route: a.route,
    windows: addWindows(a.windows, b.windows),
    lastRefused: Math.max(a.lastRefused, b.lastRefused),
    lastReported: Math.max(a.lastReported, b.lastReported),
  };
}
