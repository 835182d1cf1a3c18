/**
 * What happened in the last hour and the last day, route by route, and whom denials came from: for people who look at the
 * status page. Counters since the start cannot say whether something has stopped. About 700 bytes a route that has traffic.
 */

import { actionOf, type FinishedRequest } from '../finished-request.ts';
import { addWindows, type ClientDenials, ClientTally, mergeClients } from './client-denials.ts';
import { RecentCounts, type Windows } from './recent-counts.ts';

/** In the order of the counts in `windows`. */
export const TRAFFIC = ['requests', 'refused', 'forwarded', 'failed'] as const;
const [REQUESTS, REFUSED, FORWARDED, FAILED] = [0, 1, 2, 3] as const;

export interface RouteTraffic {
  /** The key in the YAML, or `(none)`. */
  readonly route: string;
  readonly windows: Windows;
  /** When the latest of them was, in milliseconds since the epoch; 0: none in the last day. */
  readonly lastRefused: number;
  readonly lastForwarded: number;
}

/** What one process tells, or several together. */
export interface Traffic {
  /** Milliseconds since the epoch: from then on nothing is missing. A worker that ended took its recent counts with it. */
  readonly since: number;
  readonly routes: readonly RouteTraffic[];
  readonly clients: readonly ClientDenials[];
}

interface Kept {
  readonly counts: RecentCounts;
  lastRefused: number;
  lastForwarded: number;
}

export class RecentTraffic {
  readonly #since = Date.now();
  readonly #routes = new Map<string, Kept>();
  readonly #clients = new ClientTally();

  /** Counts one request. Called once, when its response has closed. */
  record(request: FinishedRequest): void {
    const now = performance.now();
    const kept = this.#keep(request.route?.key ?? '(none)', now);
    kept.counts.add(REQUESTS, now);
    if (request.failure) kept.counts.add(FAILED, now);
    if (!request.denial) return;
    if (actionOf(request) === 'refused') {
      kept.counts.add(REFUSED, now);
      kept.lastRefused = Date.now();
    } else {
      kept.counts.add(FORWARDED, now);
      kept.lastForwarded = Date.now();
    }
    this.#clients.record(request, now);
  }

  /** @returns what is known now; routes without a request in the last day are let go of. */
  list(): Traffic {
    const now = performance.now();
    const routes: RouteTraffic[] = [];
    for (const [route, { counts, lastRefused, lastForwarded }] of this.#routes) {
      const windows = counts.list(now);
      if (windows.day[REQUESTS] === 0) this.#routes.delete(route);
      else routes.push({ route, windows, lastRefused, lastForwarded });
    }
    return { since: this.#since, routes, clients: this.#clients.list(now) };
  }

  #keep(route: string, now: number): Kept {
    const known = this.#routes.get(route);
    if (known) return known;
    const kept = { counts: new RecentCounts(TRAFFIC.length, now), lastRefused: 0, lastForwarded: 0 };
    this.#routes.set(route, kept);
    return kept;
  }
}

/** @returns the traffic of several processes as that of one: complete from when the youngest of them began. */
export function mergeTraffic(told: readonly Traffic[]): Traffic {
  const routes = new Map<string, RouteTraffic>();
  for (const traffic of told.flatMap(each => each.routes)) {
    const other = routes.get(traffic.route);
    routes.set(traffic.route, other ? addRoute(other, traffic) : traffic);
  }
  return {
    since: told.length === 0 ? Date.now() : Math.max(...told.map(({ since }) => since)),
    routes: [...routes.values()],
    clients: mergeClients(told.map(({ clients }) => clients)),
  };
}

function addRoute(a: RouteTraffic, b: RouteTraffic): RouteTraffic {
  return {
    route: a.route,
    windows: addWindows(a.windows, b.windows),
    lastRefused: Math.max(a.lastRefused, b.lastRefused),
    lastForwarded: Math.max(a.lastForwarded, b.lastForwarded),
  };
}
