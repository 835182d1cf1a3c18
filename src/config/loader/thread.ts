/** The worker thread of `loadInThread`: reads one configuration file, loads it on request, and ends. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type LoadOptions, type LoadResult, loadSource } from '../load.ts';
import { type ReferencedFile, readAgain } from '../source/referenced-files.ts';
import { fingerprintOf, readSourceFile, toSourceFile } from '../source/source-file.ts';
import { type ConfigPieces, toPieces } from './pieces.ts';

/** What the thread is started with. */
export interface LoadRequest extends LoadOptions {
  readonly file: string;
  /** Loaded in place of the content of `file`. */
  readonly text?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Files whose content is told beside the fingerprint. */
  readonly files?: readonly ReferencedFile[];
}

/** What it posts: first `read`; then, after the message `load`, the result. */
export type LoaderMessage =
  | {
      readonly kind: 'read';
      readonly fingerprint: string;
      readonly isReadable: boolean;
      /** Those of the request, as they are now. */
      readonly files: readonly ReferencedFile[];
    }
  | {
      readonly kind: 'failed';
      readonly diagnostics: readonly Diagnostic[];
      /** Those that the configuration names, as far as it was read. */
      readonly files: readonly ReferencedFile[];
    }
  | { readonly kind: 'loaded'; readonly pieces: ConfigPieces; readonly warnings: readonly Diagnostic[] };

function toMessage(loaded: LoadResult): LoaderMessage {
  if (!loaded.ok) return { kind: 'failed', diagnostics: loaded.diagnostics, files: loaded.files ?? [] };
  return { kind: 'loaded', pieces: toPieces(loaded.config), warnings: loaded.warnings };
}

function run({ file, text, environment, forwardsNothing, files = [] }: LoadRequest): void {
  const read = text === undefined ? readSourceFile(file) : toSourceFile(file, text);
  const fingerprint = fingerprintOf(read);
  const seen = { kind: 'read', fingerprint, isReadable: read.ok, files: readAgain(files) } satisfies LoaderMessage;
  parentPort?.postMessage(seen);
  parentPort?.once('message', () => {
    const message = toMessage(read.ok ? loadSource(read.source, environment, { forwardsNothing }) : read);
    // The buffers are moved, not copied; several pieces may share one.
    const buffers = message.kind === 'loaded' ? message.pieces.map(({ buffer }) => buffer as ArrayBuffer) : [];
    parentPort?.postMessage(message, [...new Set(buffers)]);
  });
}

run(workerData as LoadRequest);
