/** Everything that is recorded of a request, in one call per finished request: metrics, log line, recent denials and traffic. */

import type { AccessLogSettings } from '../config/config.ts';
import type { ExchangeEvents } from '../token/exchange/token-exchange.ts';
import type { VerifierEvents } from '../token/verifier.ts';
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

/**
 * Counts and logs one request. Called once, when its response has closed.
 *
 * @param accessLog `undefined`: it is not logged.
 */
export function recordRequest(
  { metrics, log, denials, traffic }: Telemetry,
  request: FinishedRequest,
  accessLog: AccessLogSettings | undefined,
): void {
  metrics.record(request);
  if (accessLog) log.request(request, accessLog);
  denials.record(request);
  traffic.record(request);
  for (const { of, name, path, tokens } of traffic.scopeClaims.record(request)) {
    log.event('warn', 'no token had the claim that scope_claim names', {
      [of === 'issuers' ? 'issuer' : 'route']: name,
      scope_claim: path,
      tokens,
    });
  }
}

/** Keys in one line of the log. */
const MOST_LISTED = 50;

/** @returns what counts and logs the events of a token verifier. */
export function createVerifierEvents({ metrics, log }: Telemetry): VerifierEvents {
  return {
    onCacheLookup: outcome => metrics.recordCacheLookup(outcome),
    onFetch: (issuer, outcome, error) => {
      metrics.recordJwksFetch(issuer, outcome);
      if (error !== undefined) log.event('warn', 'keys could not be fetched', { issuer, error });
    },
    onIntrospection: (issuer, outcome) => metrics.recordIntrospection(issuer, outcome),
    onIntrospectionFailure: (issuer, error) => log.event('warn', 'tokens could not be looked up', { issuer, error }),
    onRefusedKeys: (issuer, keys) => {
      for (let first = 0; first < keys.length; first += MOST_LISTED) {
        const listed = keys.slice(first, first + MOST_LISTED).map(({ keyId, reason }) => ({ kid: keyId, reason }));
        log.event('warn', 'keys of the issuer cannot be used', { issuer, keys: listed });
      }
    },
  };
}

/** @returns what counts and logs the exchanges of tokens. */
export function createExchangeEvents({ metrics, log }: Telemetry): ExchangeEvents {
  return {
    onExchange: (route, outcome) => metrics.recordExchange(route, outcome),
    onExchangeFailure: (route, endpoint, { reason, why, status, error, description }) =>
      log.event('warn', 'a token was not exchanged', {
        ...{ route, reason, cause: why, token_endpoint: endpoint },
        ...{ status, error, error_description: description },
      }),
    onOpenAudience: (route, resources) =>
      log.event('warn', 'an issued token opens routes of this gateway, too', { route, resources }),
  };
}

/**
 * Logs an exception, without its message: messages of parsers quote their input.
 *
 * @param requestId `undefined` where it is of no one request.
 */
export function logFault(log: Log, requestId: string | undefined, fault: unknown): void {
  const error = fault instanceof Error ? fault : new Error('unknown');
  const frames = (error.stack ?? '').split('\n').filter(line => line.startsWith('    at '));
  const stack = frames.slice(0, 6).map(line => line.trim());
  log.event('error', 'fault', { request_id: requestId, error: error.name, stack });
}
