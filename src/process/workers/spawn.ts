/** A new process of node:cluster, until it says that it is there. */

import cluster, { type Worker as ClusterWorker } from 'node:cluster';

/** @returns the worker, or why there is none; most errors come as its event, some are thrown. */
export function spawnWorker(): ClusterWorker | Error {
  try {
    return cluster.fork();
  } catch (error) {
    return error instanceof Error ? error : new Error('unknown');
  }
}

/** @returns whether there is a process. Without one (no descriptor, no memory) a worker tells of an error, and never exits. */
export function isSpawned({ process: child }: ClusterWorker): boolean {
  return child.pid !== undefined;
}

/** Lets go of a worker that never became a process. */
export function forget({ id }: ClusterWorker): void {
  delete cluster.workers?.[id];
}

export interface Arrival {
  /** Why it is not there; `undefined`: it is. */
  readonly problem: Promise<string | undefined>;
  /** To be called when it says so. */
  readonly announce: () => null;
}

/** @param limit milliseconds. */
export function awaitArrival(worker: ClusterWorker, limit: number): Arrival {
  let settle: (problem: string | undefined) => void = () => undefined;
  const problem = new Promise<string | undefined>(resolve => {
    settle = resolve;
  });
  const late = setTimeout(() => settle(`it was not there after ${limit / 1000} s`), limit);
  worker.once('exit', () => settle('it ended'));
  worker.on('error', error => {
    if (!isSpawned(worker)) settle(error.message);
  });
  const announce = () => {
    settle(undefined);
    return null;
  };
  return { problem: problem.finally(() => clearTimeout(late)), announce };
}
