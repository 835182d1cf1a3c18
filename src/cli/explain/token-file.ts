/** The token to explain: from a file or standard input, never from an argument, which shell history and `ps` would keep. */

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { accept, type Parsed, refuse } from '../../config/fault.ts';
import { looksLikeToken } from '../token-slip.ts';

const LARGEST = 64 * 1024;

/**
 * @param file its name, or `-` for `standardInput`; may be a pipe, as of `<(…)`.
 * @returns the token, as `unwrapToken` finds it; refuses what cannot be read, is empty or over 64 KiB.
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
  return unwrapToken(decode(Buffer.concat(pieces)));
}

/**
 * @param text of a file: a token, a field `Authorization: Bearer …`, or the JSON of a token response.
 * @returns the token; refuses what holds none. Quotation marks are refused: whoever sends them with a token is refused, too.
 */
export function unwrapToken(text: string): Parsed<string> {
  if (text.trim().startsWith('{')) return readTokenResponse(text);
  const token = text
    .trim()
    .replace(/^authorization: */i, '')
    .replace(/^bearer +/i, '');
  if (token === '') return refuse('is empty');
  if (!/^["'].*["']$/s.test(token)) return accept(token);
  return refuse('has quotation marks around the token, which are no part of it: take it out with jq -r .access_token');
}

/** RFC 6749 section 5.1. */
function readTokenResponse(text: string): Parsed<string> {
  try {
    const { access_token: token }: { access_token?: unknown } = JSON.parse(text);
    if (typeof token === 'string' && token !== '') return accept(token);
  } catch {
    return refuse('begins as JSON does, and is none');
  }
  return refuse('is JSON without an access_token');
}

/** One character a byte, as a field has it, without the mark that some editors put first; PowerShell writes UTF-16. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le').slice(1);
  return bytes.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
}

/** @returns whether an argument is a token, whole or in an Authorization value, or a URL with one in its path: it must not be repeated. */
export function holdsToken(argument: string): boolean {
  if (/^(?:authorization: *)?(?:bearer +\S|eyJ[\w-]*\.|ya29\.)/i.test(argument)) return true;
  return argument
    .replace(/\?[^#]*/, '')
    .split(/[/#&=;,:@]/)
    .some(looksLikeToken);
}
