/**
 * The process that was started, where there are several workers. It forwards no request: it loads the configuration, fetches
 * the keys, owns the admin listener and respawns workers. The workers share the data listener.
 */

import type { Server as HttpServer } from 'node:http';
import { createAdminHandler } from '../../admin/admin.ts';
import type { ProcessInfo } from '../../admin/process-info.ts';
import { createAudienceIndex } from '../../authorization/audience.ts';
import { createAdminServer } from '../../server/admin-server.ts';
import { closeListener, openListener } from '../../server/listener.ts';
import type { ServingAddresses } from '../../server/server.ts';
import { removeStaleSocket } from '../../server/unix-socket.ts';
import { createLog, type Log } from '../../telemetry/log/log.ts';
import { openSharedOutput } from '../../telemetry/log/shared-output.ts';
import { Metrics } from '../../telemetry/metrics/metrics.ts';
import { createTelemetry, createVerifierEvents } from '../../telemetry/telemetry.ts';
import { type GatewayProcess, logConfigLoaded, type StartOptions } from '../gateway-process.ts';
import { type LoadedConfig, Reloader } from '../reload.ts';
import type { StartResult } from './calls.ts';
import { ConfigRollout } from './config-rollout.ts';
import { PoolStatus } from './pool-status.ts';
import type { PooledWorker } from './pooled-worker.ts';
import { SharedKeys } from './shared-keys.ts';
import { WorkerPool } from './worker-pool.ts';

/** Milliseconds for a worker to reply to `takeOverKeys`. */
const TAKE_OVER_LIMIT = 1_000;
/** Milliseconds beyond the limit of a drain for a worker to report its final counts. */
const DRAIN_SLACK = 2_000;

export class Primary implements GatewayProcess {
  readonly log: Log;
  readonly #options: StartOptions;
  readonly #metrics: Metrics;
  readonly #pool: WorkerPool;
  readonly #rollout: ConfigRollout;
  readonly #status: PoolStatus;
  readonly #keys: SharedKeys;
  readonly #reloader: Reloader;
  readonly #admin: HttpServer;
  readonly #startedAt = new Date();
  #isDraining = false;

  constructor(options: StartOptions) {
    this.#options = options;
    this.#metrics = new Metrics({ keySets: () => [], build: options });
    this.log = createLog(openSharedOutput(() => this.#metrics.recordDroppedLine()));
    this.#pool = this.#createPool();
    this.#rollout = new ConfigRollout(options, this.#pool);
    this.#status = new PoolStatus(this.#pool, this.#metrics);
    const telemetry = createTelemetry(this.#metrics, this.log);
    this.#keys = new SharedKeys({
      ...createVerifierEvents(telemetry),
      onResult: issuer => this.#pool.callAll('takeOverKeys', issuer, TAKE_OVER_LIMIT),
    });
    this.#reloader = new Reloader(options, telemetry, next => this.#replaceConfig(next));
    this.#admin = this.#createAdminServer();
    this.#configureMetrics();
    this.#metrics.recordLoad();
  }

  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      // This process is about to exit: workers that exit with it are neither respawned nor logged as failures.
      this.#pool.close();
      throw error;
    }
  }

  async reload(): Promise<void> {
    await this.#reloader.reload();
    await this.#refetchKeys();
  }

  async drain(signal: string): Promise<void> {
    this.log.event('info', 'draining', { signal });
    this.#isDraining = true;
    this.#reloader.close();
    this.#pool.close();
    await Promise.all(this.#pool.serving.map(worker => this.#drainWorker(worker)));
    this.#admin.closeAllConnections();
    await closeListener(this.#admin);
    this.log.event('info', 'stopped');
    await this.log.close();
  }

  async #start(): Promise<void> {
    const { config, warnings, version } = this.#options;
    logConfigLoaded(this.log, config, warnings);
    await removeStaleSocket('listen', config.listen);
    await removeStaleSocket('authorizer', config.authorizer?.listen);
    const addresses = findAddresses(await this.#pool.start());
    this.#rollout.finishStart(addresses);
    const admin = await openListener(this.#admin, 'admin', config.admin);
    this.log.event('info', 'listening', { ...addresses, admin, version, workers: this.#pool.size });
    this.#reloader.watch();
  }

  /** Keys in files are read by each worker, all others are fetched here. */
  async #refetchKeys(): Promise<void> {
    await Promise.all([this.#keys.refetch(), this.#pool.callAll('rereadKeyFiles', null, TAKE_OVER_LIMIT)]);
  }

  async #drainWorker({ id, channel }: PooledWorker): Promise<void> {
    const { delay, limit } = this.#rollout.current.config.drain;
    const counts = await channel.call('drain', null, delay + limit + DRAIN_SLACK).catch(() => undefined);
    if (counts) this.#status.add(id, counts);
    await this.#pool.stop(id);
  }

  async #replaceConfig(next: LoadedConfig): Promise<boolean> {
    if (!(await this.#rollout.replace(next))) return false;
    this.#keys.dropUnused(next.config);
    this.#configureMetrics();
    return true;
  }

  /** The workers count, but the series that begin at 0 are listed here. */
  #configureMetrics(): void {
    const { routes, issuers, tls } = this.#rollout.current.config;
    this.#metrics.configure(routes, createAudienceIndex(routes), [...issuers.values()], tls?.certificates);
    this.#status.dropUnused();
  }

  #createPool(): WorkerPool {
    return new WorkerPool(this.#options.config.workers, {
      handlers: id => ({
        fetchKeys: request => this.#keys.fetch(request),
        finalCounts: counts => {
          this.#status.add(id, counts);
          return null;
        },
      }),
      startServing: (worker, limit) => this.#rollout.startServing(worker, limit),
      onFailure: (message, details) => this.log.event('error', message, details),
      onExit: (id, isUnexpected, details) => {
        this.#status.retire(id);
        if (isUnexpected) this.log.event('error', 'worker ended', { worker: id, ...details });
      },
      onRespawn: () => this.#metrics.recordWorkerRestart(),
    });
  }

  #createAdminServer(): HttpServer {
    return createAdminServer(
      createAdminHandler({
        metrics: { expose: form => this.#status.expose(form) },
        refetchKeys: () => this.#refetchKeys(),
        readiness: () => this.#status.readiness(this.#isDraining),
        report: () => this.#status.report(),
        processInfo: () => this.#processInfo(),
      }),
    );
  }

  #processInfo(): ProcessInfo {
    const { current, loadedAt } = this.#rollout;
    const { config, warnings } = current;
    return { version: this.#options.version, startedAt: this.#startedAt, config, loadedAt, warnings };
  }
}

/**
 * @returns where the first worker that serves listens; those that failed are being respawned.
 * @throws where no worker could start.
 */
function findAddresses(results: readonly StartResult[]): ServingAddresses {
  let problem = '';
  for (const result of results) {
    if (result.ok) return result.addresses;
    problem = result.problem;
  }
  throw new Error(`no worker could start: ${problem}`);
}
