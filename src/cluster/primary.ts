/**
 * The process that was started, where several serve. It carries no request: it loads the configuration, fetches the keys,
 * owns the admin listener, and looks after the workers, which share the data listener.
 */

import { createServer, type Server as HttpServer } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { createAdminHandler, type Exposition } from '../admin/admin.ts';
import type { Readiness } from '../admin/serving.ts';
import { createAudienceIndex } from '../authorization/audience.ts';
import type { ListenAddress } from '../config/config.ts';
import { closeListener, openListener } from '../listener.ts';
import { type Loaded, Reloads } from '../reload.ts';
import { type Beginning, logLoaded, type Serving } from '../serving.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { MergedMetrics } from '../telemetry/merged-metrics.ts';
import { mergeDenials, mergeKeySets } from '../telemetry/merged-report.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { mergeTraffic } from '../telemetry/recent-traffic.ts';
import type { Report } from '../telemetry/report.ts';
import { openSharedOutput } from '../telemetry/shared-output.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import type { Begun } from './calls.ts';
import { Crew, type Member } from './crew.ts';
import { SharedKeys } from './shared-keys.ts';

const BEGIN_LIMIT = 30_000;
/** A worker prepares until the first fetch of a new issuer's keys has ended, at the latest after 15 s. */
const PREPARE_LIMIT = 30_000;
const COMMIT_LIMIT = 5_000;
const LOOK_LIMIT = 1_000;
/** For a worker to tell that its drain is over. */
const DRAIN_SLACK = 2_000;

export class Primary implements Serving {
  readonly log: Log;
  readonly #beginning: Beginning;
  readonly #metrics = new Metrics({ keySets: () => [] });
  readonly #merged = new MergedMetrics(this.#metrics);
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
  #isListening = false;
  #isDraining = false;

  constructor(beginning: Beginning) {
    this.#beginning = beginning;
    this.#loaded = beginning;
    this.log = createLog(openSharedOutput(() => this.#metrics.recordDroppedLine()));
    this.#crew = new Crew(beginning.config.workers, {
      answer: id => ({
        fetchKeys: request => this.#keys.answer(request),
        lastWord: snapshot => {
          this.#merged.keep(id, snapshot);
          return null;
        },
      }),
      begin: member => this.#begin(member),
      onEnd: (id, isLoss, how) => {
        this.#merged.retire(id);
        if (isLoss) this.log.event('error', 'worker ended', { worker: id, ...how });
      },
      onReplace: () => this.#metrics.recordWorkerRestart(),
    });
    const telemetry = createTelemetry(this.#metrics, this.log);
    this.#reloads = new Reloads(beginning, telemetry, next => this.#inTurn(() => this.#replace(next)));
    this.#admin = createServer(
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

  async start(): Promise<void> {
    const { config, warnings, version } = this.#beginning;
    logLoaded(this.log, config, warnings);
    const listen = readAddress(await this.#crew.start());
    this.#isListening = true;
    const admin = await openListener(this.#admin, config.admin);
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

  async #begin({ id, channel }: Member): Promise<Begun> {
    const { listen, limits } = this.#beginning.config;
    const fixed = { listen, headers: limits.headers };
    const ask = () =>
      channel.ask('begin', { source: this.#loaded.source, workers: this.#crew.size, fixed }, BEGIN_LIMIT);
    const begun = await (this.#isListening ? this.#inTurn(ask) : ask());
    if (!begun.ok) this.log.event('error', 'worker could not start', { worker: id, problem: begun.problem });
    return begun;
  }

  /**
   * In all workers or in none. One that ends meanwhile is no failure, and one that does not answer is ended: its successor
   * begins with what was decided. Where none is left, what this process could load is what their successors begin with.
   */
  async #replace(next: Loaded): Promise<boolean> {
    const asked = await this.#crew.askAll('prepare', next.source, PREPARE_LIMIT);
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
  }

  async #expose(): Promise<Exposition> {
    for (const { id, answer } of await this.#crew.askAll('scrape', null, LOOK_LIMIT)) {
      if (answer) this.#merged.keep(id, answer);
    }
    return this.#merged.expose();
  }

  async #report(): Promise<Report> {
    const answers = await this.#crew.askAll('report', null, LOOK_LIMIT);
    for (const { id, answer } of answers) if (answer) this.#merged.keep(id, answer.metrics);
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
    const answers = await this.#crew.askAll('waitingFor', null, LOOK_LIMIT);
    const lists = answers.flatMap(({ answer }) => (answer ? [answer] : []));
    const waitingFor = [...new Set(lists.flat())];
    const missingWorkers = this.#crew.size - lists.length;
    const draining = this.#isDraining;
    return {
      ready: !draining && missingWorkers === 0 && waitingFor.length === 0,
      waitingFor,
      draining,
      missingWorkers,
    };
  }
}

/** @throws with the first problem of a worker. */
function readAddress(begun: readonly Begun[]): ListenAddress | undefined {
  const failed = begun.find(each => !each.ok);
  if (failed && !failed.ok) throw new Error(failed.problem);
  return begun.find(each => each.ok)?.listen;
}
