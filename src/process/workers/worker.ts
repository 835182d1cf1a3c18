/** One of several processes that serve the data listener. The primary controls it by calls, and it exits with the primary. */

import type { Worker as ClusterWorker } from 'node:cluster';
import type { KeyReadiness } from '../../admin/readiness.ts';
import type { Config, Issuer } from '../../config/config.ts';
import { fromPieces } from '../../config/loader/pieces.ts';
import type { Gateway } from '../../gateway.ts';
import { McpSessions } from '../../mcp-sessions.ts';
import { ListenError } from '../../server/listener.ts';
import { Server } from '../../server/server.ts';
import { TicketKeys } from '../../server/tls/ticket-keys.ts';
import { createLog, type Log } from '../../telemetry/log/log.ts';
import { openSharedOutput } from '../../telemetry/log/shared-output.ts';
import { Metrics, type ProcessMetrics } from '../../telemetry/metrics/metrics.ts';
import { createTelemetry, type Telemetry } from '../../telemetry/telemetry.ts';
import { Slices } from '../../time-slices.ts';
import { KeyFetchError } from '../../token/keys/key-fetch-error.ts';
import { type FetchedKeys, type FetchNeed, fetchDirectly, type KeyFetcher } from '../../token/keys/key-source.ts';
import { createNextGateway, startWithinLimit } from '../next-gateway.ts';
import type { FixedSettings, KeyResult, PrimaryCalls, ServeOptions, StartResult, WorkerCalls } from './calls.ts';
import { Channel, type Handlers } from './channel.ts';
import { ReceivedPieces } from './config-parts.ts';
import { shareLimits, shareRoute } from './limit-shares.ts';

/** Milliseconds beyond the time-outs of the documents. */
const KEYS_SLACK = 5_000;
/** Metadata at two places and the key set, after another such fetch that was under way. */
const MOST_DOCUMENTS = 6;
const READY_LIMIT = 10_000;
const FINAL_COUNTS_LIMIT = 500;
/** Version and warnings are shown on the status page, which is the primary's. */
const NOT_SHOWN = { version: '', warnings: [] };
const NO_READINESS: KeyReadiness = { isSettled: false, hasHadKeys: false, without: [] };
const NO_RESULT: KeyResult = { ok: false, error: 'the primary did not answer', age: 0, isShared: true };

export class Worker {
  readonly log: Log;
  readonly #metrics: Metrics;
  readonly #telemetry: Telemetry;
  readonly #primary: Channel<WorkerCalls, PrimaryCalls>;
  readonly #received = new ReceivedPieces();
  #workers = 1;
  #fixed: FixedSettings | undefined;
  #sessions: McpSessions | undefined;
  #server: Server | undefined;
  /** Serves after `commit`. */
  #prepared: Gateway | undefined;

  constructor(peer: ClusterWorker) {
    this.#metrics = new Metrics({
      keySets: () => this.#server?.gateway.verifier.status() ?? [],
      upstreams: () => this.#server?.gateway.upstreams.listEndpoints() ?? [],
    });
    this.log = createLog(openSharedOutput(() => this.#metrics.recordDroppedLine()));
    this.#telemetry = createTelemetry(this.#metrics, this.log);
    this.#primary = new Channel<WorkerCalls, PrimaryCalls>(peer, this.#createHandlers());
    this.#primary.call('ready', null, READY_LIMIT).catch(() => null);
  }

  /** Before the exit after an uncaught exception: sends the counts to the primary, and writes the last lines of the log. */
  async sendFinalCounts(): Promise<void> {
    const counts = await this.#readAllMetrics();
    await this.#primary.call('finalCounts', counts, FINAL_COUNTS_LIMIT).catch(() => null);
    await this.log.close();
  }

  #createHandlers(): Handlers<WorkerCalls> {
    return {
      ping: () => null,
      receiveConfig: part => {
        this.#received.add(part);
        return null;
      },
      serve: options => this.#serve(options),
      prepare: pieces => this.#prepare(pieces),
      commit: () => this.#commit(),
      discard: () => this.#discard(),
      takeOverKeys: issuer => this.#takeOverKeys(issuer),
      rereadKeyFiles: async () => {
        await this.#server?.gateway.verifier.rereadFiles();
        return null;
      },
      keyReadiness: () => this.#server?.keyReadiness() ?? NO_READINESS,
      readMetrics: ({ since, from }) => this.#metrics.readChanges(since, from),
      readReport: () => ({
        denials: this.#telemetry.denials.list(),
        keySets: this.#server?.gateway.verifier.status() ?? [],
        upstreams: this.#server?.gateway.upstreams.listEndpoints() ?? [],
        traffic: this.#telemetry.traffic.list(),
      }),
      drain: () => this.#drain(),
    };
  }

  async #serve({ pieces, workers, fixed, tickets, sessionKey }: ServeOptions): Promise<StartResult> {
    this.#workers = workers;
    this.#fixed = fixed;
    this.#sessions = new McpSessions(sessionKey);
    const gateway = await this.#createGateway(pieces);
    const server = new Server(gateway, this.#telemetry, NOT_SHOWN, new TicketKeys(tickets));
    this.#server = server;
    server.gateway.start();
    try {
      return { ok: true, addresses: await server.listenForClients() };
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'unknown';
      return { ok: false, problem, ...(error instanceof ListenError && { failure: error.failure }) };
    }
  }

  /** Never rejects: for the primary, a call that fails means that the worker has exited. */
  async #prepare(pieces: number): Promise<boolean> {
    try {
      this.#prepared = await this.#createGateway(pieces);
      await startWithinLimit(this.#prepared);
      return true;
    } catch {
      return false;
    }
  }

  #commit(): null {
    if (this.#prepared) this.#server?.swap(this.#prepared, NOT_SHOWN.warnings);
    this.#prepared = undefined;
    return null;
  }

  #discard(): null {
    this.#prepared?.stop();
    this.#prepared = undefined;
    return null;
  }

  #takeOverKeys(issuer: string): null {
    this.#server?.gateway.verifier.takeOver(issuer);
    this.#prepared?.verifier.takeOver(issuer);
    return null;
  }

  async #drain(): Promise<ProcessMetrics> {
    await this.#server?.drain();
    await this.log.close();
    return this.#readAllMetrics();
  }

  /** Made in slices, between which requests are served. @throws where the configuration that was received is incomplete. */
  async #createGateway(pieces: number): Promise<Gateway> {
    const config = await this.#assembleConfig(pieces);
    const fetchKeys: KeyFetcher = (...args) => this.#fetchKeys(...args);
    return createNextGateway(this.#server?.gateway, config, this.#telemetry, fetchKeys, this.#sessions);
  }

  async #assembleConfig(expected: number): Promise<Config> {
    const pieces = this.#received.take(expected);
    const whole = await fromPieces(pieces, new Slices().pause, route => shareRoute(route, this.#workers));
    const config = shareLimits(whole, this.#workers);
    return this.#fixed ? fixSettings(config, this.#fixed) : config;
  }

  /** This worker reads a key file itself; keys over HTTP are fetched by the primary, once for all workers. */
  async #fetchKeys(issuer: Issuer, need: FetchNeed, stopped: AbortSignal): Promise<FetchedKeys> {
    if (issuer.keySource.kind === 'file') return fetchDirectly(issuer, need, stopped);
    const { issuer: name, keySource, keys } = issuer;
    const request = { issuer: name, keySource, keys, ...need };
    const limit = MOST_DOCUMENTS * keys.timeout + KEYS_SLACK;
    const result = await this.#primary.call('fetchKeys', request, limit).catch(() => NO_RESULT);
    if (!result.ok) throw new KeyFetchError(result.error, result);
    return result;
  }

  #readAllMetrics(): Promise<ProcessMetrics> {
    return this.#metrics.readChanges(0, 0, Number.POSITIVE_INFINITY);
  }
}

/** An address that has changed is listened on after a restart only, and so is the authorizer's where there was none or is none any more. */
function fixSettings(config: Config, { addresses, headers }: FixedSettings): Config {
  const { listen, authorizer: address } = addresses;
  const authorizer = address && { listen: address, peers: config.authorizer?.peers ?? [] };
  return { ...config, listen, authorizer, limits: { ...config.limits, headers } };
}
