/** Loads a configuration file in a thread of its own: the thread that serves goes on serving, whatever the file holds. */

import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Order, Report } from './thread.ts';

export type Loading = Extract<Report, { readonly kind: 'failed' | 'loaded' }>;

/** What a load may take: a file within the limits of `LIMITS` takes far less. */
export interface ThreadLimits {
  readonly seconds: number;
  readonly megabytes: number;
}

const MEBIBYTE = 2 ** 20;
/** A process that may have little gives little. */
const MEGABYTES = Math.min(1024, Math.max(128, Math.floor(getHeapStatistics().heap_size_limit / 2 / MEBIBYTE)));
const THREAD_LIMITS: ThreadLimits = { seconds: 60, megabytes: MEGABYTES };
/** Of the memory: for objects that are short-lived, as most of a parser are. */
const YOUNG_MEGABYTES = 64;
const THREAD = new URL('./thread.js', import.meta.url);

/** The thread ended without a configuration: it crashed, filled its memory, or took too long. The message is ours. */
export class LoaderFailure extends Error {}

/**
 * @param isWanted told the fingerprint of what the file holds, and whether it could be read; `false` leaves it at that.
 * @returns the configuration in pieces, or all problems; `undefined` where it was not wanted.
 * @throws LoaderFailure
 */
export async function loadInThread(
  order: Order,
  isWanted: (fingerprint: string, isReadable: boolean) => boolean = () => true,
  { seconds, megabytes }: ThreadLimits = THREAD_LIMITS,
  thread = THREAD,
): Promise<Loading | undefined> {
  const worker = new Worker(thread, {
    // A copy: what `process.env` is cannot be handed over.
    workerData: { ...order, environment: { ...order.environment } } satisfies Order,
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Loading | undefined>((resolve, reject) => {
      const fail = (what: string) => reject(new LoaderFailure(`the thread that loads it ${what}`));
      timer = setTimeout(() => fail(`did not end within ${seconds} s`), seconds * 1000);
      worker.on('message', (report: Report) => {
        if (report.kind !== 'read') resolve(report);
        else if (isWanted(report.fingerprint, report.isReadable)) worker.postMessage('load');
        else resolve(undefined);
      });
      // Never the message: it may quote what the file, or a file that it names, holds.
      worker.once('error', error => fail(describeEnd(error)));
      worker.once('exit', () => fail('ended'));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function describeEnd(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'needed too much memory' : `failed (${code})`;
}
