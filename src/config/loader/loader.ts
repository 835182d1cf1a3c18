/** Loads a configuration file in a worker thread, so that the serving thread is not blocked, whatever the file holds. */

import { setTimeout as wait } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ReferencedFile } from '../source/referenced-files.ts';
import type { LoaderMessage, LoadRequest } from './thread.ts';

export type ThreadResult = Extract<LoaderMessage, { readonly kind: 'failed' | 'loaded' }>;

/** Gets the fingerprint of the file's content, whether it could be read, and the files of the request as they are now. */
export type IsWanted = (fingerprint: string, isReadable: boolean, files: readonly ReferencedFile[]) => boolean;

/** What the thread may use. A file within `LIMITS` needs far less. */
export interface ThreadLimits {
  readonly seconds: number;
  readonly megabytes: number;
}

const MEBIBYTE = 2 ** 20;
/** Half of the heap of this process, from 128 to 1,024 MiB. */
const MEGABYTES = Math.min(1024, Math.max(128, Math.floor(getHeapStatistics().heap_size_limit / 2 / MEBIBYTE)));
const THREAD_LIMITS: ThreadLimits = { seconds: 60, megabytes: MEGABYTES };
/** For short-lived objects, which most objects of a parser are. */
const YOUNG_MEGABYTES = 64;
const THREAD = new URL('./thread.js', import.meta.url);

/** The thread ended without a result: it crashed, ran out of memory, or took too long. The message holds nothing of the file. */
export class LoaderFailure extends Error {}

/**
 * @param isWanted `false` ends the load there.
 * @returns the configuration in pieces, or every error; `undefined` where it was not wanted.
 * @throws LoaderFailure
 */
export async function loadInThread(
  request: LoadRequest,
  isWanted: IsWanted = () => true,
  limits = THREAD_LIMITS,
  thread = THREAD,
): Promise<ThreadResult | undefined> {
  const worker = startThread(thread, request, limits);
  const ended = new AbortController();
  let isOverdue = false;
  const overdue = wait(limits.seconds * 1000, undefined, ended).then(
    () => {
      isOverdue = true;
      throw toFailure(`did not end within ${limits.seconds} s`);
    },
    () => undefined,
  );
  try {
    return await Promise.race([awaitResult(worker, isWanted), overdue]);
  } finally {
    ended.abort();
    const terminated = worker.terminate();
    // A thread that is blocked in a system call, such as a read over a network that is down, ends only with that call.
    if (!isOverdue) await terminated;
  }
}

function awaitResult(worker: Worker, isWanted: IsWanted): Promise<ThreadResult | undefined> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: LoaderMessage) => {
      if (message.kind !== 'read') resolve(message);
      else if (isWanted(message.fingerprint, message.isReadable, message.files)) worker.postMessage('load');
      else resolve(undefined);
    });
    worker.once('error', error => reject(toFailure(describeError(error))));
    worker.once('exit', () => reject(toFailure('ended')));
  });
}

function toFailure(what: string): LoaderFailure {
  return new LoaderFailure(`the thread that loads it ${what}`);
}

function startThread(thread: URL, request: LoadRequest, { megabytes }: ThreadLimits): Worker {
  return new Worker(thread, {
    // A copy, since process.env itself cannot be cloned.
    workerData: { ...request, environment: { ...request.environment } } satisfies LoadRequest,
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  });
}

/** Never the message of the error: it may quote the file, or a file that it names. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'needed too much memory' : `failed (${code})`;
}
