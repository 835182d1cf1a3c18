/** The workers of the primary: spawned, called together, and respawned when they exit by themselves. */

import cluster from 'node:cluster';
import { ListenError } from '../../server/listener.ts';
import type { PrimaryCalls, StartResult, WorkerCalls } from './calls.ts';
import type { Handlers } from './channel.ts';
import { HANG_LIMIT } from './heartbeat.ts';
import { PooledWorker } from './pooled-worker.ts';
import { RespawnBackoff } from './respawn-backoff.ts';
import { spawnWorker } from './spawn.ts';

export interface PoolEvents {
  /** @returns the handlers of what worker `id` calls. */
  readonly handlers: (id: number) => Omit<Handlers<PrimaryCalls>, 'ready'>;
  /** Makes a new worker serve. @param limit milliseconds. */
  readonly startServing: (worker: PooledWorker, limit: number) => Promise<StartResult>;
  /** A worker could not be started, or hangs. It is respawned. */
  readonly onFailure: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /** A worker exited; `isUnexpected`: by itself, so it is respawned. */
  readonly onExit: (id: number, isUnexpected: boolean, details: Readonly<Record<string, unknown>>) => void;
  /** A worker is about to be respawned. */
  readonly onRespawn: () => void;
}

export class WorkerPool {
  readonly size: number;
  readonly #events: PoolEvents;
  /** Every worker process, also those that do not serve yet. */
  readonly #workers = new Map<number, PooledWorker>();
  readonly #backoff = new RespawnBackoff();
  #isClosed = false;

  constructor(size: number, events: PoolEvents) {
    this.size = size;
    this.#events = events;
    // All workers accept from one shared socket. With round robin the primary would accept, and connections already assigned
    // to an exiting worker would be lost.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
  }

  /** The workers that serve. */
  get serving(): readonly PooledWorker[] {
    return [...this.#workers.values()].filter(({ isServing }) => isServing);
  }

  /**
   * Starts every worker.
   *
   * @returns the result of each; those that failed are spawned again.
   * @throws ListenError where one cannot listen.
   */
  start(): Promise<readonly StartResult[]> {
    const start = async () => {
      const result = await this.#spawn();
      if (!result.ok && result.failure) throw new ListenError(result.failure);
      return result;
    };
    return Promise.all(Array.from({ length: this.size }, start));
  }

  /** Calls every worker that serves. @returns the results; `undefined` for those that exited, failed or were late. */
  callAll<Name extends keyof WorkerCalls & string>(
    name: Name,
    argument: WorkerCalls[Name][0],
    limit: number,
  ): Promise<readonly { readonly id: number; readonly result: WorkerCalls[Name][1] | undefined }[]> {
    return Promise.all(
      this.serving.map(async ({ id, channel }) => ({
        id,
        result: await channel.call(name, argument, limit).catch(() => undefined),
      })),
    );
  }

  /** Respawns no worker any more, and kills those that do not serve yet. */
  close(): void {
    this.#isClosed = true;
    this.#backoff.close();
    for (const worker of this.#workers.values()) if (!worker.isServing) worker.kill();
  }

  /** Stops a worker. Settles when it has exited. */
  async stop(id: number): Promise<void> {
    await this.#workers.get(id)?.stop();
  }

  /** Never rejects: whatever fails here leads to a respawn. */
  async #spawn(): Promise<StartResult> {
    const spawnedAt = performance.now();
    const spawned = spawnWorker();
    if (spawned instanceof Error) {
      this.#reportFailure('worker could not start', undefined, spawned.message);
      this.#respawn(spawnedAt);
      return { ok: false, problem: spawned.message };
    }
    const worker = new PooledWorker(spawned, spawnedAt, this.#events.handlers(spawned.id));
    this.#workers.set(worker.id, worker);
    worker.onExit((code, signal) => this.#handleExit(worker, code, signal));
    return this.#startServing(worker, await worker.problem);
  }

  async #startServing(worker: PooledWorker, problem: string | undefined): Promise<StartResult> {
    const limit = this.#backoff.startLimit;
    const late = { ok: false, problem: `it did not begin within ${limit / 1000} s` } as const;
    const result: StartResult =
      problem === undefined ? await this.#events.startServing(worker, limit).catch(() => late) : { ok: false, problem };
    if (result.ok && !this.#isClosed) {
      worker.isServing = true;
      this.#watch(worker);
      return result;
    }
    if (!result.ok) this.#reportFailure('worker could not start', worker, result.problem);
    worker.kill();
    if (!worker.isSpawned) {
      // Without a process there is no exit event.
      this.#workers.delete(worker.id);
      this.#respawn(worker.spawnedAt);
    }
    return result;
  }

  async #watch(worker: PooledWorker): Promise<void> {
    if (!(await worker.watch())) return;
    this.#reportFailure('worker hangs', worker, `no answer for ${HANG_LIMIT / 1000} s`);
    worker.kill();
  }

  #reportFailure(message: string, worker: PooledWorker | undefined, problem: string): void {
    if (!this.#isClosed) this.#events.onFailure(message, { worker: worker?.id, pid: worker?.pid, problem });
  }

  #handleExit(worker: PooledWorker, code: number | null, signal: string | null): void {
    const { id, pid, spawnedAt } = worker;
    this.#workers.delete(id);
    const details = { pid, code: code ?? undefined, signal: signal ?? undefined };
    this.#events.onExit(id, !this.#isClosed, details);
    this.#respawn(spawnedAt);
  }

  #respawn(spawnedAt: number): void {
    this.#backoff.schedule(performance.now() - spawnedAt, () => {
      this.#events.onRespawn();
      this.#spawn();
    });
  }
}
