/** Reading files whose names operators wrote. */

import { readFileSync, statSync } from 'node:fs';
import { accept, type Parsed, refuse } from '../values/parsed-value.ts';

/** @returns the bytes of `file`; refuses what cannot be read, is no regular file, or has more than `limit` bytes. */
export function readBytes(file: string, limit: number): Parsed<Buffer> {
  try {
    const { size } = statSync(file);
    if (size > limit) return refuse(`is larger than ${limit / 1024} KiB`);
    // A pipe or device could block for ever, or never end.
    if (!statSync(file).isFile()) return refuse('is not a regular file');
    return accept(readFileSync(file));
  } catch (error) {
    return refuse(explainFailure(error));
  }
}

/** @returns the text of `file`, without a byte order mark; refuses also what is not UTF-8. */
export function readText(file: string, limit: number): Parsed<string> {
  const bytes = readBytes(file, limit);
  return bytes.ok ? decodeText(bytes.value) : bytes;
}

/** @returns `bytes` as text, without a byte order mark; refuses what is not UTF-8. */
export function decodeText(bytes: Buffer): Parsed<string> {
  try {
    return accept(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('is not UTF-8 text');
  }
}

function explainFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return `cannot be read${typeof code === 'string' ? ` (${code})` : ''}`;
}
