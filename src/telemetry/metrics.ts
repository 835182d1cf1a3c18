/** The metrics of contract section 5. Every label value is of the configuration or of a closed list; none is the caller's. */

import type { Socket } from 'node:net';
import {
  type Aggregator,
  Counter,
  collectDefaultMetrics,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import { type AudienceIndex, listPresentable } from '../authorization/audience.ts';
import type { ProtectedRoute, Route } from '../config/config.ts';
import { isRefused, REFUSALS, type Reason } from '../denial.ts';
import type { KeySetStatus } from '../token/key-set.ts';
import { createHistograms, type Distribution } from './distribution.ts';
import { actionOf, type FinishedRequest } from './finished-request.ts';
import { RouteTally } from './route-tally.ts';

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

/** What a process has counted and measured. It survives JSON. */
export type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

export class Metrics {
  readonly #registry = new Registry();
  /** By the key of the route. */
  readonly #tallies = new Map<string, RouteTally>();
  readonly #lookups = { hit: 0, miss: 0 };
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
    ['route', 'reason', 'cause'],
  );
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
  constructor(sources: MetricSources) {
    this.#announceTallies();
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
    for (const outcome of ['success', 'failure']) this.#reloads.inc({ outcome }, 0);
  }

  /** Starts every series that a configuration can bring at 0, so that `rate()` sees the first event. */
  announce(routes: readonly Route[], index: AudienceIndex, issuers: readonly string[]): void {
    for (const _step of this.announceInSteps(routes, index, issuers));
  }

  /** As `announce`, one route in each step: a thread that serves can do something else in between. */
  *announceInSteps(routes: readonly Route[], index: AudienceIndex, issuers: readonly string[]): Generator<void> {
    for (const issuer of issuers) {
      for (const outcome of ['success', 'failure']) this.#jwksFetches.inc({ issuer, outcome }, 0);
    }
    const guarded = routes.filter(route => !route.public);
    for (const route of guarded) yield this.#announceDenials(route);
    const series = guarded.length * new Set(index.values()).size * issuers.length;
    if (series > MAXIMUM_ZERO_SERIES) return;
    for (const route of guarded) yield this.#announceConfusedDeputies(route, index);
  }

  /** Counts one request. Called once, when its response has closed. */
  record(request: FinishedRequest): void {
    const route = request.route?.key ?? NO_ROUTE;
    this.#tallyOf(route).record(request);
    if (request.failure) this.#upstreamFailures.inc({ route, ...request.failure });
    if (!request.denial) return;
    const { reason, presented } = request.denial;
    const action = actionOf(request);
    this.#denials.inc({ route, reason, action });
    if (presented === undefined || !request.verified || !request.route || request.route.public) return;
    const { issuer } = request.verified;
    this.#confusedDeputies.inc({ route, resource: request.route.resource, presented, issuer, action });
  }

  recordCacheLookup(outcome: 'hit' | 'miss'): void {
    this.#lookups[outcome] += 1;
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

  /** @returns the exposition text and its content type. */
  async expose(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  /** @returns every metric as values, for a reader in this program or in the process that merges them. */
  list(): Promise<Snapshot> {
    return this.#registry.getMetricsAsJSON();
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

  #tallyOf(route: string): RouteTally {
    const known = this.#tallies.get(route);
    if (known) return known;
    const tally = new RouteTally();
    this.#tallies.set(route, tally);
    return tally;
  }

  /** What is counted at every request is kept as numbers, and given to prom-client at each scrape. */
  #announceTallies(): void {
    const tallies = this.#tallies;
    const lookups = this.#lookups;
    new Counter({
      name: 'audgate_requests_total',
      help: 'Requests, by what the client was answered.',
      labelNames: ['route', 'method', 'status'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [route, tally] of tallies) {
          for (const { method, status, count } of tally.requests()) this.inc({ route, method, status }, count);
        }
      },
    });
    new Counter({
      name: 'audgate_token_cache_lookups_total',
      help: 'Look-ups of verified tokens.',
      labelNames: ['outcome'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const outcome of ['hit', 'miss'] as const) this.inc({ outcome }, lookups[outcome]);
      },
    });
    this.#histograms(
      'audgate_request_duration_seconds',
      'From the head of the request to the end of the answer.',
      tally => tally.duration,
    );
    this.#histograms(
      'audgate_upstream_duration_seconds',
      'From dispatch to the head of the answer.',
      tally => tally.upstreamDuration,
    );
  }

  #counter<const L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histograms(name: string, help: string, distributionOf: (tally: RouteTally) => Distribution): void {
    const read = () => Array.from(this.#tallies, ([route, tally]) => [route, distributionOf(tally)] as const);
    this.#registry.registerMetric(createHistograms(name, help, read));
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
