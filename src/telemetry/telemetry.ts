/** Everything that is recorded of a request, in one call per finished request: metrics, log line, recent denials and traffic. */

import type { VerifierEvents } from '../token/verifier.ts';
import type { UpstreamEvents } from '../upstream/pool.ts';
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

/** @returns what counts and logs the events of a token verifier. */
export function createVerifierEvents({ metrics, log }: Telemetry): VerifierEvents {
  return {
    onCacheLookup: outcome => metrics.recordCacheLookup(outcome),
    onFetch: (issuer, outcome, error) => {
      metrics.recordJwksFetch(issuer, outcome);
      if (error !== undefined) log.event('warn', 'keys could not be fetched', { issuer, error });
    },
  };
}

/** @returns what logs what was seen of upstreams beside requests. */
export function createUpstreamEvents({ log }: Pick<Telemetry, 'log'>): UpstreamEvents {
  return {
    onUnsolicited: (upstream, connections) =>
      log.event('warn', 'an upstream sent bytes that no request asked for', { upstream, connections }),
  };
}

/** Logs an exception, without its message: messages of parsers quote their input. */
export function logFault(log: Log, requestId: string, fault: unknown): void {
  const error = fault instanceof Error ? fault : new Error('unknown');
  const frames = (error.stack ?? '').split('\n').filter(line => line.startsWith('    at '));
  const stack = frames.slice(0, 6).map(line => line.trim());
  log.event('error', 'fault', { request_id: requestId, error: error.name, stack });
}
