/** One of several processes that serve the data listener. It does what the primary says, and ends with it. */

import type { Worker as ClusterWorker } from 'node:cluster';
import type { Config, Issuer } from '../config/config.ts';
import { loadSource, type Source } from '../config/load.ts';
import { shareOut } from '../config/workers.ts';
import { Gateway } from '../gateway.ts';
import { Server } from '../server.ts';
import type { Environment } from '../serving.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { withoutZeros } from '../telemetry/merged-metrics.ts';
import { Metrics, type Snapshot } from '../telemetry/metrics.ts';
import { createReport, type Report } from '../telemetry/report.ts';
import { openSharedOutput } from '../telemetry/shared-output.ts';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import { type FetchCause, type FetchedKeys, fetchDirectly, KeyFetchError } from '../token/key-source.ts';
import type { Begun, Fixed, KeyAnswer, PrimaryCalls, WorkerCalls } from './calls.ts';
import { Channel } from './channel.ts';

/** Metadata and keys, each of which may take five seconds, and somebody's fetch before. */
const KEYS_LIMIT = 15_000;
const HELLO_LIMIT = 10_000;
const LAST_WORD_LIMIT = 500;
/** The status page is the primary's, and so are its warnings. */
const UNSHOWN = { version: '', warnings: [] };
const NO_KEYS: KeyAnswer = { ok: false, error: 'the primary did not answer', isShared: true };

export class Worker {
  readonly log: Log;
  readonly #environment: Environment;
  readonly #metrics: Metrics;
  readonly #telemetry: Telemetry;
  readonly #primary: Channel<WorkerCalls, PrimaryCalls>;
  #workers = 1;
  #fixed: Fixed | undefined;
  #server: Server | undefined;
  #prepared: Gateway | undefined;

  constructor(peer: ClusterWorker, environment: Environment) {
    this.#environment = environment;
    this.#metrics = new Metrics({ keySets: () => this.#server?.gateway.verifier.status() ?? [] });
    this.log = createLog(openSharedOutput(() => this.#metrics.recordDroppedLine()));
    this.#telemetry = createTelemetry(this.#metrics, this.log);
    this.#primary = new Channel<WorkerCalls, PrimaryCalls>(peer, {
      begin: ({ source, workers, fixed }) => this.#begin(source, workers, fixed),
      prepare: source => this.#prepare(source),
      commit: () => this.#commit(),
      abandon: () => this.#abandon(),
      keysChanged: issuer => {
        this.#server?.gateway.verifier.refresh(issuer);
        this.#prepared?.verifier.refresh(issuer);
        return null;
      },
      waitingFor: () => this.#server?.readiness().waitingFor ?? [],
      scrape: () => this.#snapshot(),
      report: () => this.#report(),
      drain: () => this.#drain(),
    });
    this.#primary.ask('hello', null, HELLO_LIMIT).catch(() => null);
  }

  /** Before an end by a fault: what it counted stays counted, and its last lines are told. */
  async leave(): Promise<void> {
    const snapshot = await this.#snapshot();
    await this.#primary.ask('lastWord', snapshot, LAST_WORD_LIMIT).catch(() => null);
    await this.log.close();
  }

  async #begin(source: Source, workers: number, fixed: Fixed): Promise<Begun> {
    this.#workers = workers;
    this.#fixed = fixed;
    const config = this.#load(source);
    if (!config) return { ok: false, problem: 'the configuration could not be put to use' };
    const server = new Server(this.#createGateway(config), this.#telemetry, UNSHOWN);
    this.#server = server;
    server.gateway.start();
    try {
      return { ok: true, listen: await server.listenForClients() };
    } catch (error) {
      return { ok: false, problem: error instanceof Error ? error.message : 'unknown' };
    }
  }

  /** Whatever goes wrong here is an answer: the primary takes silence for a worker that has ended. */
  async #prepare(source: Source): Promise<boolean> {
    try {
      const config = this.#load(source);
      if (!config) return false;
      this.#prepared = this.#createGateway(config);
      await this.#prepared.start();
      return true;
    } catch {
      return false;
    }
  }

  #commit(): null {
    if (this.#prepared) this.#server?.swap(this.#prepared, UNSHOWN.warnings);
    this.#prepared = undefined;
    return null;
  }

  #abandon(): null {
    this.#prepared?.stop();
    this.#prepared = undefined;
    return null;
  }

  async #drain(): Promise<Snapshot> {
    await this.#server?.drain();
    await this.log.close();
    return this.#snapshot();
  }

  #load(source: Source): Config | undefined {
    const loaded = loadSource(source, this.#environment);
    if (!loaded.ok) return undefined;
    const config = shareOut(loaded.config, this.#workers);
    const { listen, headers } = this.#fixed ?? { listen: config.listen, headers: config.limits.headers };
    return { ...config, listen, limits: { ...config.limits, headers } };
  }

  #createGateway(config: Config): Gateway {
    return new Gateway(config, this.#telemetry, this.#server?.gateway, (...asked) => this.#fetchKeys(...asked));
  }

  /** A file is read here; what is fetched is fetched by the primary, for all. */
  async #fetchKeys(issuer: Issuer, cause: FetchCause, stopped: AbortSignal): Promise<FetchedKeys> {
    if (issuer.keySource.kind === 'file') return fetchDirectly(issuer, cause, stopped);
    const { issuer: name, keySource, keys } = issuer;
    const request = { issuer: name, keySource, keys, cause };
    const answer = await this.#primary.ask('fetchKeys', request, KEYS_LIMIT).catch(() => NO_KEYS);
    if (!answer.ok) throw new KeyFetchError(answer.error, answer.isShared, answer.last);
    return answer;
  }

  async #report(): Promise<Report> {
    const report = await createReport(this.#telemetry, this.#server?.gateway.verifier.status() ?? []);
    return { ...report, metrics: withoutZeros(report.metrics) };
  }

  async #snapshot(): Promise<Snapshot> {
    return withoutZeros(await this.#metrics.list());
  }
}
