/** What is shown of each route: counts since the start, from the counters that Prometheus scrapes, and of the last hour and day. Pure. */

import type { Config, Route } from '../../config/config.ts';
import { NO_ROUTE } from '../../telemetry/finished-request.ts';
import type { RouteTraffic } from '../../telemetry/recent/recent-traffic.ts';
import type { Report } from '../../telemetry/report.ts';
import { countDenials, keepBusiest, listSamples, type ReasonCount, sumByRoute } from './counter-sums.ts';
import { type Latency, readLatencies } from './latency.ts';

export interface Counted {
  readonly total: number;
  readonly lastHour: number;
  readonly lastDay: number;
  /** Most frequent first; empty for requests. */
  readonly reasons: readonly ReasonCount[];
  /** When the latest was, in milliseconds since the epoch; `undefined` where that is not known or over a day ago. */
  readonly lastAt: number | undefined;
}

export interface RouteStatus {
  /** `undefined` for the requests for which no route was found. */
  readonly route: Route | undefined;
  readonly requests: Counted;
  readonly reported: Counted;
  readonly refused: Counted;
  readonly failed: Counted;
  readonly latency: Latency | undefined;
  readonly upstreamLatency: Latency | undefined;
}

/**
 * @returns the routes in the order of the YAML, then the requests for which no route was found, where there are any. Of more
 * than `most`, those with denials and failures are kept first, then those with the most requests.
 */
export function listRoutes(
  { routes }: Pick<Config, 'routes'>,
  report: Report,
  most = Number.POSITIVE_INFINITY,
): readonly RouteStatus[] {
  const read = createReader(report);
  const unrouted = read(undefined);
  const listed = keepBusiest([...routes.map(read), ...(unrouted.requests.total > 0 ? [unrouted] : [])], most, weigh);
  const ids = new Set(listed.map(({ route }) => route?.id ?? NO_ROUTE));
  const latencies = readLatencies(report, 'audgate_request_duration_seconds', ids);
  const upstreamLatencies = readLatencies(report, 'audgate_upstream_duration_seconds', ids);
  return listed.map(status => {
    const id = status.route?.id ?? NO_ROUTE;
    return { ...status, latency: latencies.get(id), upstreamLatency: upstreamLatencies.get(id) };
  });
}

const NONE: Counted = { total: 0, lastHour: 0, lastDay: 0, reasons: [], lastAt: undefined };
/** Shared by all routes without traffic, which are most routes of a large configuration. */
const WITHOUT_TRAFFIC = {
  ...{ requests: NONE, refused: NONE, reported: NONE, failed: NONE },
  ...{ latency: undefined, upstreamLatency: undefined },
};

/** Denials and failures weigh more than any number of requests. */
function weigh({ requests, refused, reported, failed }: RouteStatus): number {
  const problems = refused.total + reported.total + failed.total;
  return problems > 0 ? Number.MAX_SAFE_INTEGER / 2 + problems : requests.total;
}

function createReader(report: Report): (route: Route | undefined) => RouteStatus {
  const requests = sumByRoute(report, 'audgate_requests_total');
  const denials = countDenials(report);
  const failures = countFailures(report);
  const recent = new Map(report.traffic.routes.map(each => [each.route, each]));
  return route => {
    const id = route?.id ?? NO_ROUTE;
    if (![requests, denials, failures, recent].some(counts => counts.has(id))) return { route, ...WITHOUT_TRAFFIC };
    const traffic = recent.get(id);
    const { refused = [], reported = [] } = denials.get(id) ?? {};
    const failed = failures.get(id) ?? [];
    return {
      route,
      requests: { ...windowsOf(traffic, 0), total: requests.get(id) ?? 0, reasons: [], lastAt: undefined },
      refused: { ...windowsOf(traffic, 1), ...totalOf(refused), lastAt: traffic?.lastRefused || undefined },
      reported: { ...windowsOf(traffic, 2), ...totalOf(reported), lastAt: traffic?.lastReported || undefined },
      failed: { ...windowsOf(traffic, 3), ...totalOf(failed), lastAt: undefined },
      latency: undefined,
      upstreamLatency: undefined,
    };
  };
}

function windowsOf(traffic: RouteTraffic | undefined, kind: number) {
  return { lastHour: traffic?.windows.hour[kind] ?? 0, lastDay: traffic?.windows.day[kind] ?? 0 };
}

function totalOf(reasons: readonly ReasonCount[]) {
  return { reasons, total: reasons.reduce((sum, { count }) => sum + count, 0) };
}

/** By reason and cause. */
function countFailures(report: Report): ReadonlyMap<string, readonly ReasonCount[]> {
  const routes = new Map<string, ReasonCount[]>();
  for (const { labels, value } of listSamples(report, 'audgate_upstream_failures_total')) {
    if (value === 0) continue;
    const cause = labels['cause'] === undefined ? '' : ` (${labels['cause']})`;
    const reasons = routes.get(String(labels['route'])) ?? [];
    reasons.push({ reason: `${labels['reason']}${cause}`, count: value });
    routes.set(String(labels['route']), reasons);
  }
  for (const reasons of routes.values()) reasons.sort((a, b) => b.count - a.count);
  return routes;
}
