/** The thread that loads a configuration file while others serve. It does this once, and ends. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Problem } from '../diagnostic.ts';
import { fingerprintOf, type LoadResult, loadSource, readSource, sourceOfText } from '../load.ts';
import { type ConfigPieces, toPieces } from './pieces.ts';

/** What the thread is started with. */
export interface Order {
  readonly file: string;
  /** Loaded in place of the content of `file`. */
  readonly text?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What it posts: first what the file holds, then, where it was told to go on, what came of it. */
export type Report =
  | { readonly kind: 'read'; readonly fingerprint: string; readonly isReadable: boolean }
  | { readonly kind: 'failed'; readonly problems: readonly Problem[] }
  | { readonly kind: 'loaded'; readonly pieces: ConfigPieces; readonly warnings: readonly Problem[] };

function reportOf(loaded: LoadResult): Report {
  if (!loaded.ok) return { kind: 'failed', problems: loaded.problems };
  return { kind: 'loaded', pieces: toPieces(loaded.config), warnings: loaded.warnings };
}

function run({ file, text, environment }: Order): void {
  const read = text === undefined ? readSource(file) : sourceOfText(file, text);
  parentPort?.postMessage({ kind: 'read', fingerprint: fingerprintOf(read), isReadable: read.ok } satisfies Report);
  parentPort?.once('message', () => {
    const report = reportOf(read.ok ? loadSource(read.source, environment) : read);
    const bytes = report.kind === 'loaded' ? report.pieces.map(({ buffer }) => buffer as ArrayBuffer) : [];
    parentPort?.postMessage(report, [...new Set(bytes)]);
  });
}

run(workerData as Order);
