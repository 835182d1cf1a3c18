/** One call for each finished request: what is counted is what is logged. */

import type { FinishedRequest } from './finished-request.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { RecentDenials } from './recent-denials.ts';

export interface Telemetry {
  readonly metrics: Metrics;
  readonly log: Log;
  readonly denials: RecentDenials;
}

/** Counts and logs one request, when its response has closed. */
export function recordRequest({ metrics, log, denials }: Telemetry, request: FinishedRequest): void {
  metrics.record(request);
  log.request(request);
  denials.record(request);
}
