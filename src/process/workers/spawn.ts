/** Spawns a worker process with node:cluster, and waits until it is ready to receive calls. */

import cluster, { type Worker as ClusterWorker } from 'node:cluster';

/** @returns the worker, or the error where `fork` throws. Most errors of fork come later, as the worker's `error` event. */
export function spawnWorker(): ClusterWorker | Error {
  try {
    return cluster.fork();
  } catch (error) {
    return error instanceof Error ? error : new Error('unknown');
  }
}

/** @returns whether there is a process. Where there is none (no descriptor, no memory) the worker emits `error` and never `exit`. */
export function isSpawned({ process: child }: ClusterWorker): boolean {
  return child.pid !== undefined;
}

/** Removes a worker without a process from node:cluster, which would keep it until an exit that never comes. */
export function forgetWorker({ id }: ClusterWorker): void {
  delete cluster.workers?.[id];
}

export interface Startup {
  /** Resolves to `undefined` when the worker has called `ready`, else to why it cannot be used. */
  readonly problem: Promise<string | undefined>;
  /** The handler of its `ready` call. */
  readonly receive: () => null;
}

/** @param limit milliseconds to wait. */
export function awaitReady(worker: ClusterWorker, limit: number): Startup {
  let settle: (problem: string | undefined) => void = () => undefined;
  const problem = new Promise<string | undefined>(resolve => {
    settle = resolve;
  });
  const late = setTimeout(() => settle(`it did not report ready within ${limit / 1000} s`), limit);
  worker.once('exit', () => settle('it ended'));
  worker.on('error', error => {
    if (!isSpawned(worker)) settle(error.message);
  });
  const receive = () => {
    settle(undefined);
    return null;
  };
  return { problem: problem.finally(() => clearTimeout(late)), receive };
}
