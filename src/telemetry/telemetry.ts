/** Everything that is recorded of a request, in one call per finished request: metrics, log line, recent denials and traffic. */

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

/** @returns the telemetry of one process, which counts from now on. */
export function createTelemetry(metrics: Metrics, log: Log): Telemetry {
  return { metrics, log, denials: new RecentDenials(), traffic: new RecentTraffic() };
}

/** Counts and logs one request. Called once, when its response has closed. */
export function recordRequest({ metrics, log, denials, traffic }: Telemetry, request: FinishedRequest): void {
  metrics.record(request);
  log.request(request);
  denials.record(request);
  traffic.record(request);
}
