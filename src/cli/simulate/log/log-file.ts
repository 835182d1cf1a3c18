/** The access log that a command reads: a file, or standard input. */

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

const PIECE_BYTES = 256 * 1024;

/** @param log the name of the file; `-` is standard input. @returns its bytes in pieces, read as they are taken. */
export function openLog(log: string, standardInput: Readable): AsyncIterable<Uint8Array> {
  return log === '-' ? standardInput : createReadStream(log, { highWaterMark: PIECE_BYTES });
}

/** @returns the code of an error of the system, such as `ENOENT`; throws every other error again. */
export function readErrorCode(error: unknown): string {
  if (error instanceof Error && 'syscall' in error && 'code' in error) return `${error.code}`;
  throw error;
}
