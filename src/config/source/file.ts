/** Reads the configuration file and the files that it names. */

import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { accept, type ParsedValue, reject } from '../values/parsed-value.ts';

/** Bytes of a file with certificates, keys or a token: far more than any that is in use. */
const LARGEST_FILE = 1024 * 1024;
/** Bytes of one read. */
const CHUNK = 64 * 1024;

/** @returns the bytes of `file`; rejects what cannot be read, is no regular file, or has more than `limit` bytes. */
export function readBytes(file: string, limit = LARGEST_FILE): ParsedValue<Buffer> {
  try {
    const found = statSync(file);
    if (found.size > limit) return tooLarge(limit);
    // Opening a device may have an effect, and reading a pipe or device could block or never end.
    if (!found.isFile()) return reject('is not a regular file');
    return readOpened(openSync(file, constants.O_RDONLY | constants.O_NONBLOCK), limit);
  } catch (error) {
    return reject(describeReadError(error));
  }
}

/** Files of /proc are regular ones of size 0, whatever they hold: what is read is counted, and a read never waits. */
function readOpened(descriptor: number, limit: number): ParsedValue<Buffer> {
  try {
    if (!fstatSync(descriptor).isFile()) return reject('is not a regular file');
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const length = readSync(descriptor, chunk);
      if (length === 0) return accept(Buffer.concat(chunks, size));
      size += length;
      if (size > limit) return tooLarge(limit);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

function tooLarge(limit: number): ParsedValue<never> {
  return reject(`is larger than ${limit / 1024} KiB`);
}

/** @returns the text of `file`, without a byte order mark; rejects also what is not UTF-8. */
export function readText(file: string, limit = LARGEST_FILE): ParsedValue<string> {
  const bytes = readBytes(file, limit);
  return bytes.ok ? decodeText(bytes.value) : bytes;
}

export interface DecodeOptions {
  /** Whether a byte order mark stays in the text, as for somebody who writes the file again. */
  readonly keepsMark?: boolean;
}

/** @returns `bytes` as text, without a byte order mark; rejects what is not UTF-8. */
export function decodeText(bytes: Buffer, { keepsMark = false }: DecodeOptions = {}): ParsedValue<string> {
  try {
    return accept(new TextDecoder('utf-8', { fatal: true, ignoreBOM: keepsMark }).decode(bytes));
  } catch {
    return reject('is not UTF-8 text');
  }
}

function describeReadError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return `cannot be read${typeof code === 'string' ? ` (${code})` : ''}`;
}
