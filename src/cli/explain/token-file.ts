/** The token to explain: from a file or standard input, never from an argument, which shell history and `ps` would keep. */

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { accept, type Parsed, refuse } from '../../config/fault.ts';

const LARGEST = 64 * 1024;

/**
 * @param file its name, or `-` for `standardInput`; may be a pipe, as of `<(…)`.
 * @returns the token, trimmed and without a `Bearer ` before it; refuses what cannot be read, is empty or over 64 KiB.
 */
export async function readTokenFile(file: string, standardInput: Readable): Promise<Parsed<string>> {
  const stream = file === '-' ? standardInput : createReadStream(file, { end: LARGEST });
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of stream) {
      pieces.push(Buffer.from(piece));
      size += piece.length;
      if (size > LARGEST) return refuse('is larger than 64 KiB, and no token is');
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    return refuse(`cannot be read${code}`);
  }
  const token = Buffer.concat(pieces)
    .toString('latin1')
    .trim()
    .replace(/^bearer +/i, '');
  return token === '' ? refuse('is empty') : accept(token);
}

/** @returns whether an argument is a token, whole or in an Authorization value: it must not be repeated. */
export function looksLikeToken(argument: string): boolean {
  return /^(?:authorization: *)?(?:bearer +\S|eyJ[\w-]*\.|ya29\.)/i.test(argument);
}
