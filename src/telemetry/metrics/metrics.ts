/** What a process counts and measures. A label value is from the configuration or a closed list, never from a caller. */

import type { Socket } from 'node:net';
import type { AudienceIndex } from '../../authorization/audience.ts';
import type { Issuer, Route } from '../../config/config.ts';
import type { ExchangeOutcome } from '../../token/exchange/token-exchange.ts';
import type { IntrospectionOutcome } from '../../token/introspection/introspector.ts';
import type { KeySetStatus } from '../../token/keys/key-set.ts';
import type { EndpointStatus } from '../../upstream/endpoints/endpoint-status.ts';
import type { FinishedRequest } from '../finished-request.ts';
import { mergeEndpointStatus } from '../merged/endpoint-status.ts';
import type { EndCause, HandshakeFailure } from './connection-causes.ts';
import { type Changes, Counts } from './counts.ts';
import {
  type ClientExceptions,
  listClientExceptions,
  listExceptionGauges,
  listRouteUses,
  type RouteUses,
} from './exception-gauges.ts';
import { writeMetrics } from './exposition.ts';
import { type Build, type CertificateExpiry, listGauges, type Measured } from './gauges.ts';
import { OpenConnections } from './open-connections.ts';
import { RequestCounter } from './request-counter.ts';
import { createRuntimeRegistry, mergeRuntime, type RuntimeValues } from './runtime-metrics.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';
import { CONTENT_TYPES, type Exposition, type MetricsForm, writeInSteps } from './text-format.ts';
import { ZeroSeries } from './zero-series.ts';

export interface MetricSources {
  /** Read at each scrape. */
  readonly keySets: () => readonly Omit<KeySetStatus, 'refused'>[];
  /** Likewise; by default there are none. */
  readonly upstreams?: () => readonly EndpointStatus[];
  /** For `audgate_build_info`; not set in a worker, whose primary reports it. */
  readonly build?: Build;
}

type GatewayCounter = 'cacheLookups' | 'ended' | 'handshakeFailures' | 'restarts' | 'droppedLines' | 'reloads';

/** The metrics of a worker, as sent to the primary. Sent between processes as JSON, so it holds no Map, Set or Date. */
export interface ProcessMetrics {
  readonly changes: Changes;
  /** Only with the first part. */
  readonly now?: { readonly measured: Measured; readonly runtime: RuntimeValues };
}

export class Metrics {
  readonly counts = new Counts();
  readonly #requests = new RequestCounter(this.counts);
  readonly #sources: MetricSources;
  readonly #runtime = createRuntimeRegistry();
  readonly #connections = new OpenConnections();
  #zeros = new ZeroSeries([], new Map(), [], []);
  #audiences: AudienceIndex = new Map();
  /** Seconds since the epoch. */
  #loadedAt = 0;
  #certificates: readonly CertificateExpiry[] = [];
  #exceptions: readonly ClientExceptions[] = [];

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** Sets the configuration in use: its series begin at 0, and series that it cannot count are dropped. */
  configure(
    routes: readonly Route[],
    index: AudienceIndex,
    issuers: readonly Pick<Issuer, 'issuer' | 'introspection'>[],
    certificates: readonly CertificateExpiry[] = [],
  ): void {
    this.#certificates = certificates;
    this.#exceptions = listClientExceptions(routes);
    const introspecting = issuers.filter(({ introspection }) => introspection !== undefined);
    const namesOf = (list: typeof issuers) => list.map(({ issuer }) => issuer);
    this.#zeros = new ZeroSeries(routes, index, namesOf(issuers), namesOf(introspecting));
    this.#audiences = index;
    this.dropUnused(this.counts);
    this.#requests.recountSeries();
  }

  /** Drops from `counts` what the configuration in use cannot count. */
  dropUnused(counts: Counts): void {
    counts.dropUnused(this.#zeros.inUse());
  }

  /** Counts one request. Called once, when its response has closed. */
  record(request: FinishedRequest): void {
    this.#requests.record(request, this.#audiences);
  }

  recordCacheLookup(outcome: 'hit' | 'miss'): void {
    this.#count('cacheLookups', [outcome]);
  }

  recordJwksFetch(issuer: string, outcome: 'success' | 'failure'): void {
    this.counts.touch('issuer', issuer).count('jwksFetches', [outcome]);
  }

  recordIntrospection(issuer: string, outcome: IntrospectionOutcome): void {
    this.counts.touch('issuer', issuer).count('introspections', [outcome]);
  }

  recordExchange(route: string, outcome: ExchangeOutcome): void {
    this.counts.touch('route', route).count('tokenExchanges', [outcome]);
  }

  /** Counts a client's connection until it closes. */
  trackConnection(socket: Socket): void {
    this.#connections.track(socket);
  }

  /** Counts a client's connection as upgraded from here on. */
  trackTunnel(socket: Socket): void {
    this.#connections.trackUpgraded(socket);
  }

  /** Counts a connection, or a stream on one, that the gateway ended. */
  recordEnded(cause: EndCause): void {
    this.#count('ended', [cause]);
  }

  recordHandshakeFailure(cause: HandshakeFailure): void {
    this.#count('handshakeFailures', [cause]);
  }

  recordWorkerRestart(): void {
    this.#count('restarts', []);
  }

  recordDroppedLine(): void {
    this.#count('droppedLines', []);
  }

  /** Sets the time of the load. The load at the start does not count as a reload. */
  recordLoad(): void {
    this.#loadedAt = Date.now() / 1000;
  }

  recordReload(outcome: 'success' | 'failure'): void {
    this.#count('reloads', [outcome]);
    if (outcome === 'success') this.recordLoad();
  }

  /**
   * @param measured of all processes; by default of this one.
   * @param runtime the runtime metrics of the other processes.
   * @returns the page for Prometheus, made in steps between which requests are served.
   */
  async expose(
    form: MetricsForm = 'text',
    measured = this.#measure(),
    runtime: readonly RuntimeValues[] = [],
  ): Promise<Exposition> {
    const own = this.#runtime;
    const all = runtime.length === 0 ? own : mergeRuntime([await own.getMetricsAsJSON(), ...runtime]);
    const text = await all.metrics();
    const blocks = writeMetrics(form, this.counts, this.#zeros, this.#listGauges(measured), text);
    return { contentType: CONTENT_TYPES[form], body: await writeInSteps(blocks) };
  }

  /** @returns our own metrics as values, for the status page. Series at 0 are left out. */
  list(measured = this.#measure()): Promise<Snapshot> {
    return takeSnapshot(this.counts, this.#listGauges(measured));
  }

  /** @returns the uses of exceptions, for the status page. */
  listExceptionUses(): readonly RouteUses[] {
    return listRouteUses(this.#exceptions, this.counts);
  }

  /** @returns a part of what has changed; see `Counts.changes`. */
  async readChanges(since: number, from: number, most?: number): Promise<ProcessMetrics> {
    const changes = this.counts.changes(since, from, most);
    if (from > 0) return { changes };
    return { changes, now: { measured: this.#measure(), runtime: await this.#runtime.getMetricsAsJSON() } };
  }

  #measure(): Measured {
    const keySets = this.#sources.keySets().map(({ issuer, keys, ageSeconds }) => ({ issuer, keys, ageSeconds }));
    const upstreams = mergeEndpointStatus(this.#sources.upstreams?.() ?? []);
    return { connections: this.#connections.read(), keySets, upstreams };
  }

  #listGauges(measured: Measured) {
    return listGauges(measured, {
      build: this.#sources.build,
      loadedAt: this.#loadedAt,
      certificates: this.#certificates,
      exceptions: listExceptionGauges(this.#exceptions, this.counts, Date.now()),
    });
  }

  #count(counter: GatewayCounter, values: readonly string[]): void {
    this.counts.touch('gateway', '').count(counter, values);
  }
}
