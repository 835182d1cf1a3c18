/** One call for each finished request: what is counted is what is logged. */

import type { FinishedRequest } from './finished-request.ts';
import type { Log } from './log/log.ts';
import type { Metrics } from './metrics/metrics.ts';
import { RecentDenials } from './recent/recent-denials.ts';
import { RecentTraffic } from './recent/recent-traffic.ts';

export interface Telemetry {
  readonly metrics: Metrics;
  readonly log: Log;
  readonly denials: RecentDenials;
  readonly traffic: RecentTraffic;
}

/** @returns what one process counts and tells, from now on. */
export function createTelemetry(metrics: Metrics, log: Log): Telemetry {
  return { metrics, log, denials: new RecentDenials(), traffic: new RecentTraffic() };
}

/** Counts and logs one request, when its response has closed. */
export function recordRequest({ metrics, log, denials, traffic }: Telemetry, request: FinishedRequest): void {
  metrics.record(request);
  log.request(request);
  denials.record(request);
  traffic.record(request);
}
