/** Reads the configuration file and the files that it names. */

import { readFileSync, statSync } from 'node:fs';
import { accept, type ParsedValue, reject } from '../values/parsed-value.ts';

/** @returns the bytes of `file`; rejects what cannot be read, is no regular file, or has more than `limit` bytes. */
export function readBytes(file: string, limit: number): ParsedValue<Buffer> {
  try {
    const { size } = statSync(file);
    if (size > limit) return reject(`is larger than ${limit / 1024} KiB`);
    // Reading a pipe or device could block or never end.
    if (!statSync(file).isFile()) return reject('is not a regular file');
    return accept(readFileSync(file));
  } catch (error) {
    return reject(describeReadError(error));
  }
}

/** @returns the text of `file`, without a byte order mark; rejects also what is not UTF-8. */
export function readText(file: string, limit: number): ParsedValue<string> {
  const bytes = readBytes(file, limit);
  return bytes.ok ? decodeText(bytes.value) : bytes;
}

/** @returns `bytes` as text, without a byte order mark; rejects what is not UTF-8. */
export function decodeText(bytes: Buffer): ParsedValue<string> {
  try {
    return accept(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
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
