/** What a process counts and measures. Every label value is of the configuration or of a closed list; none is the caller's. */

import type { Socket } from 'node:net';
import type { AudienceIndex } from '../../authorization/audience.ts';
import type { Route } from '../../config/config.ts';
import { isDecidedWithin } from '../../denial.ts';
import type { KeySetStatus } from '../../token/key-set.ts';
import { actionOf, type FinishedRequest } from '../finished-request.ts';
import { type Changes, Counts } from './counts.ts';
import { listMetrics, type Snapshot, writeMetrics } from './exposition.ts';
import type { EndCause } from './families.ts';
import { type Build, listGauges, type Measured } from './gauges.ts';
import { methodLabel } from './method-label.ts';
import { createRuntimeRegistry, mergeRuntime, type RuntimeValues } from './runtime-metrics.ts';
import { statusClass, statusLabel } from './status-label.ts';
import type { Tally } from './tally.ts';
import { CONTENT_TYPE, type Exposition, writeInSteps } from './text-format.ts';
import { NO_ROUTE, ZeroSeries } from './zero-series.ts';

export interface MetricSources {
  /** Read at each scrape. */
  readonly keySets: () => readonly KeySetStatus[];
  /** For `audgate_build_info`; none where another process says it. */
  readonly build?: Build;
}

/** What one of several processes tells the one that merges them. Survives JSON. */
export interface ProcessMetrics {
  readonly changes: Changes;
  /** With the first part. */
  readonly now?: { readonly measured: Measured; readonly runtime: RuntimeValues };
}

/** Callers choose the method, and on how many routes: past so many series of requests, new ones are counted together. */
const MOST_REQUEST_SERIES = 100_000;

export class Metrics {
  readonly counts = new Counts();
  readonly #sources: MetricSources;
  readonly #runtime = createRuntimeRegistry();
  readonly #connections = { http: 0, upgraded: 0 };
  #zeros = new ZeroSeries([], new Map(), []);
  #requestSeries = 0;
  /** Seconds since the epoch. */
  #loadedAt = 0;

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** Tells which configuration serves from now on: its series exist at 0, and those that it cannot count are forgotten. */
  announce(routes: readonly Route[], index: AudienceIndex, issuers: readonly string[]): void {
    this.#zeros = new ZeroSeries(routes, index, issuers);
    this.retain(this.counts);
    this.#requestSeries = this.counts.size('route', 'requests');
  }

  /** Forgets in `counts` what the configuration in use cannot count. */
  retain(counts: Counts): void {
    counts.retain(this.#zeros.inUse());
  }

  /** Counts one request. Called once, when its response has closed. */
  record(request: FinishedRequest): void {
    const tally = this.counts.change('route', request.route?.key ?? NO_ROUTE);
    this.#countRequest(tally, request);
    tally.observe('duration', request.durationMs);
    if (request.upstreamMs !== undefined) tally.observe('upstreamDuration', request.upstreamMs);
    if (request.failure) tally.count('upstreamFailures', [request.failure.reason, request.failure.cause]);
    if (request.denial) countDenial(tally, request, request.denial);
    this.#countMultipleAudiences(tally, request);
  }

  recordCacheLookup(outcome: 'hit' | 'miss'): void {
    this.#count('cacheLookups', [outcome]);
  }

  recordJwksFetch(issuer: string, outcome: 'success' | 'failure'): void {
    this.counts.change('issuer', issuer).count('jwksFetches', [outcome]);
  }

  /** Counts a client's connection until it closes. */
  trackConnection(socket: Socket): void {
    this.#connections.http += 1;
    socket.once('close', () => {
      this.#connections.http -= 1;
    });
  }

  /** Counts a client's connection as upgraded from here on. */
  trackTunnel(socket: Socket): void {
    this.#connections.upgraded += 1;
    this.#connections.http -= 1;
    // Before the listener of trackConnection, which takes it for an HTTP one.
    socket.prependOnceListener('close', () => {
      this.#connections.upgraded -= 1;
      this.#connections.http += 1;
    });
  }

  /** Counts a connection, or a stream on one, that the gateway ended. */
  recordEnded(cause: EndCause): void {
    this.#count('ended', [cause]);
  }

  recordWorkerRestart(): void {
    this.#count('restarts', []);
  }

  recordDroppedLine(): void {
    this.#count('droppedLines', []);
  }

  /** The first load is no reload, but it sets the time. */
  recordLoad(): void {
    this.#loadedAt = Date.now() / 1000;
  }

  recordReload(outcome: 'success' | 'failure'): void {
    this.#count('reloads', [outcome]);
    if (outcome === 'success') this.recordLoad();
  }

  /**
   * @param measured of all processes, where there are several.
   * @param runtime of all processes.
   * @returns the page for Prometheus, made in steps between which requests are served.
   */
  async expose(measured = this.#measure(), runtime: readonly RuntimeValues[] = []): Promise<Exposition> {
    const own = this.#runtime;
    const all = runtime.length === 0 ? own : mergeRuntime([await own.getMetricsAsJSON(), ...runtime]);
    const text = await all.metrics();
    const blocks = writeMetrics(this.counts, this.#zeros, this.#listGauges(measured), text);
    return { contentType: CONTENT_TYPE, body: await writeInSteps(blocks) };
  }

  /** @returns our own metrics as values, for a reader in this program. Series at 0 are left out. */
  list(measured = this.#measure()): Promise<Snapshot> {
    return listMetrics(this.counts, this.#listGauges(measured));
  }

  /** @returns a part of what changed; see `Counts.changes`. */
  async tell(since: number, from: number, most?: number): Promise<ProcessMetrics> {
    const changes = this.counts.changes(since, from, most);
    if (from > 0) return { changes };
    return { changes, now: { measured: this.#measure(), runtime: await this.#runtime.getMetricsAsJSON() } };
  }

  #measure(): Measured {
    const keySets = this.#sources.keySets().map(({ issuer, keys, ageSeconds }) => ({ issuer, keys, ageSeconds }));
    return { connections: { ...this.#connections }, keySets };
  }

  #listGauges(measured: Measured) {
    return listGauges(measured, { build: this.#sources.build, loadedAt: this.#loadedAt });
  }

  #count(counter: 'cacheLookups' | 'ended' | 'restarts' | 'droppedLines' | 'reloads', values: readonly string[]): void {
    this.counts.change('gateway', '').count(counter, values);
  }

  #countRequest(tally: Tally, { method, status }: FinishedRequest): void {
    const labels = [methodLabel(method), statusLabel(status)];
    if (tally.countKnown('requests', labels)) return;
    const isFull = this.#requestSeries >= MOST_REQUEST_SERIES;
    if (!isFull) this.#requestSeries += 1;
    tally.count('requests', isFull ? ['OTHER', statusClass(status)] : labels);
  }

  /** Of the tokens that were accepted here: whether a stricter `multiple_audiences` would refuse them. */
  #countMultipleAudiences(tally: Tally, { route, outcome, denial, verified }: FinishedRequest): void {
    if (!verified || verified.audience.length < 2 || !route || route.public || outcome === 'denied') return;
    if (denial && isDecidedWithin(denial.reason, 'request', 'audience')) return;
    tally.count('multipleAudiences', [this.#zeros.knowsAll(verified.audience) ? 'known' : 'foreign']);
  }
}

function countDenial(
  tally: Tally,
  request: FinishedRequest,
  { reason, presented }: NonNullable<FinishedRequest['denial']>,
): void {
  const action = actionOf(request);
  tally.count('denials', [reason, action]);
  if (presented === undefined || !request.verified || !request.route || request.route.public) return;
  tally.count('confusedDeputies', [request.route.resource, presented, request.verified.issuer, action]);
}
