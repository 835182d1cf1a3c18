/** The metrics of contract section 5. Every label value is of the configuration or of a closed list; none is the caller's. */

import type { Socket } from 'node:net';
import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type AudienceIndex, listPresentable } from '../authorization/audience.ts';
import type { ProtectedRoute, Route } from '../config/config.ts';
import { isRefused, REFUSALS, type Reason } from '../denial.ts';
import type { KeySetStatus } from '../token/key-set.ts';
import { actionOf, type FinishedRequest } from './finished-request.ts';
import { methodLabel } from './method-label.ts';

/** Read at each scrape. */
export interface MetricSources {
  readonly keySets: () => readonly KeySetStatus[];
}

const END_CAUSES = [
  'connection_limit',
  'pipeline_limit',
  'slow_headers',
  'slow_reader',
  'idle_tunnel',
  'token_expired',
  'drain',
  'drain_limit',
] as const;

/** Why the gateway ended a connection or a stream that was not a refusal. */
export type EndCause = (typeof END_CAUSES)[number];

const NO_ROUTE = '(none)';
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Routes × siblings × issuers grows with the square of the routes; past this, a series begins at its first event. */
const MAXIMUM_ZERO_SERIES = 20_000;
/** Decided before there is a route to count them for. */
const BEFORE_ROUTE: ReadonlySet<Reason> = new Set([
  'malformed_request',
  'headers_too_large',
  'request_timeout',
  'ambiguous_path',
  'no_route',
]);
/** Gauges that prom-client names like counters, which `promtool check metrics` refuses. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** What a process has counted and measured, as it goes to the process that merges. */
export type Snapshot = readonly {
  readonly name: string;
  /** `counter`, `gauge` or `histogram`. */
  readonly type: unknown;
  readonly values: readonly { readonly value: number }[];
}[];

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = this.#counter('audgate_requests_total', 'Requests, by what the client was answered.', [
    'route',
    'method',
    'status',
  ]);
  readonly #denials = this.#counter('audgate_denials_total', 'Denials: refused, or only reported and forwarded.', [
    'route',
    'reason',
    'action',
  ]);
  readonly #confusedDeputies = this.#counter(
    'audgate_confused_deputy_rejections_total',
    'Tokens that verified in every other respect and were for another resource: whose, and where they were used.',
    ['route', 'resource', 'presented', 'issuer', 'action'],
  );
  readonly #upstreamFailures = this.#counter(
    'audgate_upstream_failures_total',
    'Requests that were allowed and could not be carried.',
    ['route', 'reason'],
  );
  readonly #cacheLookups = this.#counter('audgate_token_cache_lookups_total', 'Look-ups of verified tokens.', [
    'outcome',
  ]);
  readonly #jwksFetches = this.#counter('audgate_jwks_fetches_total', 'Fetches of the keys of an issuer.', [
    'issuer',
    'outcome',
  ]);
  readonly #reloads = this.#counter('audgate_config_reloads_total', 'Reloads of the configuration.', ['outcome']);
  readonly #lastReload = new Gauge({
    name: 'audgate_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration in use was loaded.',
    aggregator: 'max',
    registers: [this.#registry],
  });
  readonly #ended = this.#counter(
    'audgate_connections_ended_total',
    'Connections and streams that the gateway ended.',
    ['cause'],
  );
  readonly #restarts = this.#counter(
    'audgate_worker_restarts_total',
    'Workers that ended by themselves and were replaced.',
    [],
  );
  readonly #droppedLines = this.#counter(
    'audgate_log_lines_dropped_total',
    'Access log lines that the reader of standard output did not take in time.',
    [],
  );
  readonly #connections = new Gauge({
    name: 'audgate_open_connections',
    help: 'Connections of clients.',
    labelNames: ['kind'],
    registers: [this.#registry],
  });
  readonly #durations = this.#histogram(
    'audgate_request_duration_seconds',
    'From the head of the request to the end of the answer.',
  );
  readonly #upstreamDurations = this.#histogram(
    'audgate_upstream_duration_seconds',
    'From dispatch to the head of the answer.',
  );

  constructor(sources: MetricSources) {
    // Of several workers the one that is worst off: what is alerted on is too few keys, and keys too old.
    this.#gauge('audgate_jwks_keys', 'Usable keys of an issuer.', 'min', () =>
      sources.keySets().map(({ issuer, keys }) => [issuer, keys]),
    );
    this.#gauge('audgate_jwks_age_seconds', 'Time since the keys of an issuer were fetched.', 'max', () =>
      sources.keySets().flatMap(({ issuer, ageSeconds }) => (ageSeconds === undefined ? [] : [[issuer, ageSeconds]])),
    );
    for (const cause of END_CAUSES) this.#ended.inc({ cause }, 0);
    for (const kind of ['http', 'upgraded'] as const) this.#connections.set({ kind }, 0);
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    for (const metric of this.#registry.getMetricsAsArray()) {
      // Of several processes the first that started, and the one that is busiest.
      if (metric.name === 'process_start_time_seconds') metric.aggregator = 'min';
      if (metric.aggregator === 'average') metric.aggregator = 'max';
    }
    for (const outcome of ['hit', 'miss']) this.#cacheLookups.inc({ outcome }, 0);
    for (const outcome of ['success', 'failure']) this.#reloads.inc({ outcome }, 0);
  }

  /** Starts every series that a configuration can bring at 0, so that `rate()` sees the first event. */
  announce(routes: readonly Route[], index: AudienceIndex, issuers: readonly string[]): void {
    for (const issuer of issuers) {
      for (const outcome of ['success', 'failure']) this.#jwksFetches.inc({ issuer, outcome }, 0);
    }
    const guarded = routes.filter(route => !route.public);
    for (const route of guarded) this.#announceDenials(route);
    const series = guarded.length * new Set(index.values()).size * issuers.length;
    if (series <= MAXIMUM_ZERO_SERIES) for (const route of guarded) this.#announceConfusedDeputies(route, index);
  }

  /** Counts one request. Called once, when its response has closed. */
  record(request: FinishedRequest): void {
    const route = request.route?.key ?? NO_ROUTE;
    this.#requests.inc({ route, method: methodLabel(request.method), status: request.status });
    this.#durations.observe({ route }, request.durationMs / 1000);
    if (request.upstreamMs !== undefined) this.#upstreamDurations.observe({ route }, request.upstreamMs / 1000);
    if (request.failure) this.#upstreamFailures.inc({ route, reason: request.failure });
    if (!request.denial) return;
    const { reason, presented } = request.denial;
    const action = actionOf(request);
    this.#denials.inc({ route, reason, action });
    if (presented === undefined || !request.verified || !request.route || request.route.public) return;
    const { issuer } = request.verified;
    this.#confusedDeputies.inc({ route, resource: request.route.resource, presented, issuer, action });
  }

  recordCacheLookup(outcome: 'hit' | 'miss'): void {
    this.#cacheLookups.inc({ outcome });
  }

  recordJwksFetch(issuer: string, outcome: 'success' | 'failure'): void {
    this.#jwksFetches.inc({ issuer, outcome });
  }

  /** Counts a client's connection until it closes. */
  trackConnection(socket: Socket): void {
    this.#connections.inc({ kind: 'http' });
    socket.once('close', () => this.#connections.dec({ kind: 'http' }));
  }

  /** Counts a client's connection as upgraded from here on. */
  trackTunnel(socket: Socket): void {
    this.#connections.inc({ kind: 'upgraded' });
    this.#connections.dec({ kind: 'http' });
    // Before the listener of trackConnection, which takes it for an HTTP one.
    socket.prependOnceListener('close', () => {
      this.#connections.dec({ kind: 'upgraded' });
      this.#connections.inc({ kind: 'http' });
    });
  }

  /** Counts a connection, or a stream on one, that the gateway ended. */
  recordEnded(cause: EndCause): void {
    this.#ended.inc({ cause });
  }

  recordWorkerRestart(): void {
    this.#restarts.inc();
  }

  recordDroppedLine(): void {
    this.#droppedLines.inc();
  }

  /** The first load is no reload, but it sets the time. */
  recordLoad(): void {
    this.#lastReload.setToCurrentTime();
  }

  recordReload(outcome: 'success' | 'failure'): void {
    this.#reloads.inc({ outcome });
    if (outcome === 'success') this.recordLoad();
  }

  /** @returns all of it, for a process that merges it with others. */
  snapshot(): Promise<Snapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  /** @returns the exposition text and its content type. */
  async expose(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #announceDenials(route: ProtectedRoute): void {
    for (const reason of Object.keys(REFUSALS) as Reason[]) {
      if (BEFORE_ROUTE.has(reason)) continue;
      this.#denials.inc({ route: route.key, reason, action: actionOn(route, reason) }, 0);
    }
  }

  #announceConfusedDeputies(route: ProtectedRoute, index: AudienceIndex): void {
    const { key, resource, issuers } = route;
    const action = actionOn(route, 'wrong_audience');
    for (const presented of listPresentable(route, index)) {
      for (const issuer of issuers) this.#confusedDeputies.inc({ route: key, resource, presented, issuer, action }, 0);
    }
  }

  #counter<const L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string): Histogram<'route'> {
    return new Histogram({ name, help, labelNames: ['route'], buckets: DURATION_BUCKETS, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, aggregator: Aggregator, read: () => readonly (readonly [string, number])[]): void {
    new Gauge({
      name,
      help,
      labelNames: ['issuer'],
      aggregator,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [issuer, number] of read()) this.set({ issuer }, number);
      },
    });
  }
}

function actionOn(route: ProtectedRoute, reason: Reason) {
  return isRefused(reason, route.enforcement) ? 'refused' : 'forwarded';
}
