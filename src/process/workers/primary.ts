/**
 * The process that was started, where several serve. It carries no request: it loads the configuration, fetches the keys,
 * owns the admin listener, and looks after the workers, which share the data listener.
 */

import type { Server as HttpServer } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { createAdminHandler } from '../../admin/admin.ts';
import { describeKeys, type Readiness, ReadinessGate } from '../../admin/readiness.ts';
import { createAudienceIndex } from '../../authorization/audience.ts';
import type { ListenAddress } from '../../config/config.ts';
import { type ConfigPieces, toPieces } from '../../config/loading/pieces.ts';
import { createAdminServer } from '../../server/admin-server.ts';
import { closeListener, openListener } from '../../server/listener.ts';
import { createLog, type Log } from '../../telemetry/log/log.ts';
import { openSharedOutput } from '../../telemetry/log/shared-output.ts';
import { MergedMetrics } from '../../telemetry/merged/merged-metrics.ts';
import { mergeDenials, mergeKeySets } from '../../telemetry/merged/merged-report.ts';
import { Metrics, type ProcessMetrics } from '../../telemetry/metrics/metrics.ts';
import type { Exposition } from '../../telemetry/metrics/text-format.ts';
import { mergeTraffic } from '../../telemetry/recent/recent-traffic.ts';
import type { Report } from '../../telemetry/report.ts';
import { createTelemetry } from '../../telemetry/telemetry.ts';
import { type Beginning, logLoaded, type Serving } from '../gateway-process.ts';
import { type Loaded, Reloads } from '../reload.ts';
import type { Begun, ConfigPart } from './calls.ts';
import { SharedKeys } from './shared-keys.ts';
import { Crew, type Member } from './worker-pool.ts';

/** A worker prepares until the first fetch of a new issuer's keys has ended, at the latest after 15 s. */
const PREPARE_LIMIT = 30_000;
const COMMIT_LIMIT = 5_000;
const LOOK_LIMIT = 1_000;
/** For a worker to tell that its drain is over. */
const DRAIN_SLACK = 2_000;

export class Primary implements Serving {
  readonly log: Log;
  readonly #beginning: Beginning;
  readonly #metrics: Metrics;
  readonly #merged: MergedMetrics;
  readonly #keys = new SharedKeys(issuer => this.#crew.askAll('keysChanged', issuer, LOOK_LIMIT));
  readonly #crew: Crew;
  readonly #reloads: Reloads;
  readonly #admin: HttpServer;
  /** What serves, and what a new worker begins with. */
  #loaded: Loaded;
  readonly #startedAt = new Date();
  #loadedAt = new Date();
  /** A worker begins, or all change, one after the other: none begins with what the others leave. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Where workers are told to listen. Port 0 stays 0 while some worker holds the listener that all of them share. */
  #listen: ListenAddress;
  /** Where the first workers listened. */
  #found: ListenAddress | undefined;
  #collecting: Promise<unknown> = Promise.resolve();
  #isDraining = false;
  readonly #gate = new ReadinessGate();

  constructor(beginning: Beginning) {
    this.#beginning = beginning;
    this.#loaded = { ...beginning, pieces: toPieces(beginning.config) };
    this.#listen = beginning.config.listen;
    this.#metrics = new Metrics({ keySets: () => [], build: beginning });
    this.#merged = new MergedMetrics(this.#metrics);
    this.log = createLog(openSharedOutput(() => this.#metrics.recordDroppedLine()));
    this.#crew = new Crew(beginning.config.workers, {
      answer: id => ({
        fetchKeys: request => this.#keys.answer(request),
        lastWord: snapshot => {
          this.#merged.keep(id, snapshot);
          return null;
        },
      }),
      begin: (member, limit) => this.#begin(member, limit),
      onFailure: (message, details) => this.log.event('error', message, details),
      onEnd: (id, isLoss, how) => {
        this.#merged.retire(id);
        if (isLoss) this.log.event('error', 'worker ended', { worker: id, ...how });
      },
      onReplace: () => this.#metrics.recordWorkerRestart(),
    });
    const telemetry = createTelemetry(this.#metrics, this.log);
    this.#reloads = new Reloads(beginning, telemetry, next => this.#inTurn(() => this.#replace(next)));
    this.#admin = createAdminServer(
      createAdminHandler({
        metrics: { expose: () => this.#expose() },
        readiness: () => this.#readiness(),
        report: () => this.#report(),
        serving: () => this.#serving(),
      }),
    );
    this.#announce();
    this.#metrics.recordLoad();
  }

  start(): Promise<void> {
    return this.#start().catch(error => {
      // Nobody is to follow those that are there, nor to complain that this process has gone.
      this.#crew.dismiss();
      throw error;
    });
  }

  async #start(): Promise<void> {
    const { config, warnings, version } = this.#beginning;
    logLoaded(this.log, config, warnings);
    const listen = readAddress(await this.#crew.start());
    this.#found = listen;
    const admin = await openListener(this.#admin, 'admin', config.admin);
    this.log.event('info', 'listening', { listen, admin, version, workers: this.#crew.size });
    this.#reloads.watch();
  }

  reload(): void {
    this.#reloads.reload();
  }

  async drain(signal: string): Promise<void> {
    this.log.event('info', 'draining', { signal });
    this.#isDraining = true;
    this.#reloads.close();
    this.#crew.dismiss();
    await Promise.all(this.#crew.members.map(member => this.#end(member)));
    this.#admin.closeAllConnections();
    await closeListener(this.#admin);
    this.log.event('info', 'stopped');
    await this.log.close();
  }

  async #end({ id, channel }: Member): Promise<void> {
    const { delay, limit } = this.#loaded.config.drain;
    const last = await channel.ask('drain', null, delay + limit + DRAIN_SLACK).catch(() => undefined);
    if (last) this.#merged.keep(id, last);
    await this.#crew.end(id);
  }

  async #begin({ channel }: Member, limit: number): Promise<Begun> {
    const ask = async () => {
      // The listener went with the last worker: for port 0 the kernel would now give another port.
      if (this.#found && this.#crew.members.length === 0) this.#listen = this.#found;
      const fixed = { listen: this.#listen, headers: this.#beginning.config.limits.headers };
      for (const part of listParts(this.#loaded.pieces)) await channel.ask('take', part, limit);
      return channel.ask('begin', { pieces: this.#loaded.pieces.length, workers: this.#crew.size, fixed }, limit);
    };
    return this.#found ? this.#inTurn(ask) : ask();
  }

  /**
   * In all workers or in none. One that ends meanwhile is no failure, and one that does not answer is ended: its successor
   * begins with what was decided. Where none is left, what this process could load is what their successors begin with.
   */
  async #replace(next: Loaded): Promise<boolean> {
    for (const part of listParts(next.pieces)) await this.#crew.askAll('take', part, PREPARE_LIMIT);
    const asked = await this.#crew.askAll('prepare', next.pieces.length, PREPARE_LIMIT);
    const answers = asked.map(({ answer }) => answer);
    const isAgreed = asked.length === 0 || (answers.includes(true) && !answers.includes(false));
    if (isAgreed) for (const { id, answer } of asked) if (answer === undefined) this.#crew.end(id);
    await this.#crew.askAll(isAgreed ? 'commit' : 'abandon', null, COMMIT_LIMIT);
    if (!isAgreed) return false;
    this.#loaded = next;
    this.#loadedAt = new Date();
    this.#keys.retain(next.config);
    this.#announce();
    return true;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    // Only then: a worker that has begun in this turn is one of the crew in the next.
    const pause = () => setImmediate();
    this.#turn = done.then(pause, pause);
    return done;
  }

  /** The workers count; here the series begin at 0. */
  #announce(): void {
    const { routes, issuers } = this.#loaded.config;
    this.#metrics.announce(routes, createAudienceIndex(routes), [...issuers.keys()]);
    this.#merged.retain();
  }

  async #expose(): Promise<Exposition> {
    await this.#collect();
    return this.#merged.expose();
  }

  /** Asks each worker for what it counted since it was asked last: one page after the other. */
  #collect(): Promise<unknown> {
    const collect = () => Promise.all(this.#crew.members.map(member => this.#collectFrom(member)));
    this.#collecting = this.#collecting.then(collect);
    return this.#collecting;
  }

  async #collectFrom({ id, channel }: Member): Promise<void> {
    const since = this.#merged.versionOf(id);
    for (let from: number | undefined = 0; from !== undefined; ) {
      const told: ProcessMetrics | undefined = await channel
        .ask('scrape', { since, from }, LOOK_LIMIT)
        .catch(() => undefined);
      if (!told) return;
      this.#merged.keep(id, told);
      from = told.changes.next;
    }
  }

  async #report(): Promise<Report> {
    const [answers] = await Promise.all([this.#crew.askAll('report', null, LOOK_LIMIT), this.#collect()]);
    const reports = answers.flatMap(({ answer }) => (answer ? [answer] : []));
    return {
      metrics: await this.#merged.list(),
      denials: mergeDenials(reports.map(({ denials }) => denials)),
      keySets: mergeKeySets(reports.map(({ keySets }) => keySets)),
      traffic: mergeTraffic(reports.map(({ traffic }) => traffic)),
    };
  }

  #serving() {
    const { config, warnings } = this.#loaded;
    const { version } = this.#beginning;
    return { version, startedAt: this.#startedAt, config, loadedAt: this.#loadedAt, warnings };
  }

  async #readiness(): Promise<Readiness> {
    const answers = await this.#crew.askAll('keyReadiness', null, LOOK_LIMIT);
    const keys = answers.flatMap(({ answer }) => answer ?? []);
    const missingWorkers = this.#crew.size - keys.length;
    const draining = this.#isDraining;
    // At the start all of them; from then on one that is being replaced takes nobody out, but somebody has to serve.
    const isOpen = this.#gate.judge(missingWorkers === 0 ? keys : []);
    return { ready: isOpen && keys.length > 0 && !draining, ...describeKeys(keys), draining, missingWorkers };
  }
}

/** Small enough that nobody who takes one in keeps a request waiting for it. */
const PIECES_OF_PART = 4;

function* listParts(pieces: ConfigPieces): Generator<ConfigPart> {
  for (let start = 0; start < pieces.length; start += PIECES_OF_PART) {
    const part = pieces.slice(start, start + PIECES_OF_PART).map(piece => Buffer.from(piece).toString('base64'));
    yield { isFirst: start === 0, pieces: part };
  }
}

/**
 * Where one worker serves, the others are on their way.
 *
 * @throws where no worker could start.
 */
function readAddress(begun: readonly Begun[]): ListenAddress {
  let problem = '';
  for (const each of begun) {
    if (each.ok) return each.listen;
    problem = each.problem;
  }
  throw new Error(`no worker could start: ${problem}`);
}
