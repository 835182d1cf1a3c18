/** One of several processes that serve the data listener. It does what the primary says, and ends with it. */

import type { Worker as ClusterWorker } from 'node:cluster';
import type { KeyReadiness } from '../../admin/readiness.ts';
import type { Config, Issuer } from '../../config/config.ts';
import { fromPieces } from '../../config/loading/pieces.ts';
import { shareLimits, shareRoute } from '../../config/values/workers.ts';
import { Gateway } from '../../gateway.ts';
import { ListenError } from '../../server/listener.ts';
import { Server } from '../../server/server.ts';
import { createLog, type Log } from '../../telemetry/log/log.ts';
import { openSharedOutput } from '../../telemetry/log/shared-output.ts';
import { Metrics, type ProcessMetrics } from '../../telemetry/metrics/metrics.ts';
import { createTelemetry, type Telemetry } from '../../telemetry/telemetry.ts';
import { Slices } from '../../time-slices.ts';
import { type FetchCause, type FetchedKeys, fetchDirectly, KeyFetchError } from '../../token/key-source.ts';
import type { Begun, ConfigPart, Fixed, KeyAnswer, PrimaryCalls, WorkerCalls } from './calls.ts';
import { Channel } from './channel.ts';

/** Metadata and keys, each of which may take five seconds, and somebody's fetch before. */
const KEYS_LIMIT = 15_000;
const HELLO_LIMIT = 10_000;
const LAST_WORD_LIMIT = 500;
/** The status page is the primary's, and so are its warnings. */
const UNSHOWN = { version: '', warnings: [] };
const NOT_YET: KeyReadiness = { isSettled: false, hasHadKeys: false, without: [] };
const NO_KEYS: KeyAnswer = { ok: false, error: 'the primary did not answer', isShared: true };

export class Worker {
  readonly log: Log;
  readonly #metrics: Metrics;
  readonly #telemetry: Telemetry;
  readonly #primary: Channel<WorkerCalls, PrimaryCalls>;
  #workers = 1;
  #fixed: Fixed | undefined;
  #server: Server | undefined;
  #prepared: Gateway | undefined;
  /** Of the configuration that it is to begin with, or to prepare. */
  #pieces: Buffer[] = [];

  constructor(peer: ClusterWorker) {
    this.#metrics = new Metrics({ keySets: () => this.#server?.gateway.verifier.status() ?? [] });
    this.log = createLog(openSharedOutput(() => this.#metrics.recordDroppedLine()));
    this.#telemetry = createTelemetry(this.#metrics, this.log);
    this.#primary = new Channel<WorkerCalls, PrimaryCalls>(peer, {
      alive: () => null,
      take: part => this.#take(part),
      begin: ({ pieces, workers, fixed }) => this.#begin(pieces, workers, fixed),
      prepare: pieces => this.#prepare(pieces),
      commit: () => this.#commit(),
      abandon: () => this.#abandon(),
      keysChanged: issuer => {
        this.#server?.gateway.verifier.refresh(issuer);
        this.#prepared?.verifier.refresh(issuer);
        return null;
      },
      keyReadiness: () => this.#server?.keyReadiness() ?? NOT_YET,
      scrape: ({ since, from }) => this.#metrics.tell(since, from),
      report: () => ({
        denials: this.#telemetry.denials.list(),
        keySets: this.#server?.gateway.verifier.status() ?? [],
        traffic: this.#telemetry.traffic.list(),
      }),
      drain: () => this.#drain(),
    });
    this.#primary.ask('hello', null, HELLO_LIMIT).catch(() => null);
  }

  /** Before an end by a fault: what it counted stays counted, and its last lines are told. */
  async leave(): Promise<void> {
    const snapshot = await this.#tellAll();
    await this.#primary.ask('lastWord', snapshot, LAST_WORD_LIMIT).catch(() => null);
    await this.log.close();
  }

  #take({ isFirst, pieces }: ConfigPart): null {
    if (isFirst) this.#pieces = [];
    for (const piece of pieces) this.#pieces.push(Buffer.from(piece, 'base64'));
    return null;
  }

  async #begin(pieces: number, workers: number, fixed: Fixed): Promise<Begun> {
    this.#workers = workers;
    this.#fixed = fixed;
    const server = new Server(await this.#createGateway(pieces), this.#telemetry, UNSHOWN);
    this.#server = server;
    server.gateway.start();
    try {
      return { ok: true, listen: await server.listenForClients() };
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'unknown';
      return { ok: false, problem, ...(error instanceof ListenError && { failure: error.failure }) };
    }
  }

  /** Whatever goes wrong here is an answer: the primary takes silence for a worker that has ended. */
  async #prepare(pieces: number): Promise<boolean> {
    try {
      this.#prepared = await this.#createGateway(pieces);
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

  async #drain(): Promise<ProcessMetrics> {
    await this.#server?.drain();
    await this.log.close();
    return this.#tellAll();
  }

  /** In slices: other requests are served meanwhile. */
  async #createGateway(expected: number): Promise<Gateway> {
    const config = await this.#assemble(expected);
    return Gateway.follow(this.#server?.gateway, config, this.#telemetry, (...asked) => this.#fetchKeys(...asked));
  }

  /** @throws where a piece is missing: half of a configuration is never served. */
  async #assemble(expected: number): Promise<Config> {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (pieces.length !== expected) throw new Error('the configuration is not complete');
    const whole = await fromPieces(pieces, new Slices().pause, route => shareRoute(route, this.#workers));
    const config = shareLimits(whole, this.#workers);
    const { listen, headers } = this.#fixed ?? { listen: config.listen, headers: config.limits.headers };
    return { ...config, listen, limits: { ...config.limits, headers } };
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

  #tellAll(): Promise<ProcessMetrics> {
    return this.#metrics.tell(0, 0, Number.POSITIVE_INFINITY);
  }
}
