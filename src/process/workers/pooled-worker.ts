/** One worker process as the primary sees it: its channel, its heartbeat, and how it is stopped. */

import type { Worker as ClusterWorker } from 'node:cluster';
import { once } from 'node:events';
import type { PrimaryCalls, WorkerCalls } from './calls.ts';
import { Channel, type Handlers } from './channel.ts';
import { watchHeartbeat } from './heartbeat.ts';
import { awaitReady, forgetWorker, isSpawned } from './spawn.ts';

/** Milliseconds from spawning a process to its `ready` call. Workers that already serve do not wait for it. */
const READY_LIMIT = 30_000;
/** Milliseconds for a worker to exit after its channel was closed; then it is killed. */
const STOP_LIMIT = 1_000;

export class PooledWorker {
  readonly id: number;
  readonly channel: Channel<PrimaryCalls, WorkerCalls>;
  /** By `performance.now()`. */
  readonly spawnedAt: number;
  /** Resolves to `undefined` when the worker has called `ready`, else to why it cannot be used. */
  readonly problem: Promise<string | undefined>;
  isServing = false;
  #hasExited = false;
  readonly #worker: ClusterWorker;

  constructor(worker: ClusterWorker, spawnedAt: number, handlers: Omit<Handlers<PrimaryCalls>, 'ready'>) {
    this.id = worker.id;
    this.spawnedAt = spawnedAt;
    this.#worker = worker;
    const { problem, receive } = awaitReady(worker, READY_LIMIT);
    this.problem = problem;
    this.channel = new Channel<PrimaryCalls, WorkerCalls>(worker, { ...handlers, ready: receive });
    worker.once('exit', () => {
      this.#hasExited = true;
    });
  }

  get pid(): number | undefined {
    const { process: child } = this.#worker;
    return child.pid;
  }

  /** @param handle called once, when the process exits; never where `isSpawned` is false. */
  onExit(handle: (code: number | null, signal: string | null) => void): void {
    this.#worker.once('exit', handle);
  }

  /** @returns whether there is a process; see `isSpawned` in spawn.ts. */
  get isSpawned(): boolean {
    return isSpawned(this.#worker);
  }

  /** @returns whether the worker hangs; settles when it does, or when it has exited. */
  watch(): Promise<boolean> {
    const ping = (limit: number) =>
      this.channel.call('ping', null, limit).then(
        () => true,
        () => false,
      );
    return watchHeartbeat(ping, () => !this.#hasExited);
  }

  /** Ends the process at once, with its requests. */
  kill(): void {
    if (this.isSpawned) this.#worker.kill('SIGKILL');
    else forgetWorker(this.#worker);
  }

  /** Stops the process: by closing its channel, and by a signal where it does not exit then. Settles when it has exited. */
  async stop(): Promise<void> {
    const { process: child } = this.#worker;
    const exited = once(this.#worker, 'exit');
    // node:cluster makes a worker exit when its channel closes, but not one that hangs.
    const kill = setTimeout(() => this.#worker.kill('SIGKILL'), STOP_LIMIT);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(kill);
  }
}
