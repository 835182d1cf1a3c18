/** Reads the credentials to explain, from a file or standard input; never from an argument, which shell history and `ps` would keep. */

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { parseJsonObject } from '../../../config/values/key-set/json-web-key-set.ts';
import { accept, type ParsedValue, reject } from '../../../config/values/parsed-value.ts';
import { looksLikeToken } from '../../token-detection.ts';

/** What the file holds in place of what a client sends. */
export interface TokenInput {
  /** The value of each Authorization field. */
  readonly fields: readonly string[];
  /** What an issuer answered about the token (RFC 7662 section 2.2), as JSON. */
  readonly answer: string | undefined;
}

const LARGEST = 64 * 1024;
/** Stands for the token that an answer is about. */
const INTROSPECTED = 'Bearer introspected';

/**
 * @param file its name, or `-` for `standardInput`; may be a pipe, such as `<(…)`.
 * @returns the value of each Authorization field, as `readFields` finds them, or an introspection answer; rejects a file that
 *   cannot be read or is over 64 KiB.
 */
export async function readTokenFile(file: string, standardInput: Readable): Promise<ParsedValue<TokenInput>> {
  const stream = file === '-' ? standardInput : createReadStream(file, { end: LARGEST });
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of stream) {
      pieces.push(Buffer.from(piece));
      size += piece.length;
      if (size > LARGEST) return reject('is larger than 64 KiB, and no token is');
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    return reject(`cannot be read${code}`);
  }
  const text = decode(Buffer.concat(pieces));
  if (isAnswer(text)) {
    return accept({ fields: [INTROSPECTED], answer: Buffer.from(text, 'latin1').toString('utf8') });
  }
  const fields = readFields(text);
  return fields.ok ? accept({ fields: fields.value, answer: undefined }) : fields;
}

function isAnswer(text: string): boolean {
  return typeof parseJsonObject(text)?.['active'] === 'boolean';
}

/** Not allowed in a field value (RFC 9110 section 5.5). Line feeds are absent already: the text is split at them. */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
const FIELD = /^authorization:[ \t]*/i;

/**
 * @param text of a file, one character per byte: a token by itself, credentials (`Bearer …`), one or more fields
 *   `Authorization: …`, alone or among the other fields of a request, or the JSON of a token response.
 * @returns the value of each Authorization field as a client would send it, valid or not; `readBearerToken` checks it later,
 *   as in the gateway. Rejects an empty text, and a text that no client could send in a field.
 */
export function readFields(text: string): ParsedValue<readonly string[]> {
  if (trim(text).startsWith('{')) return readTokenResponse(text);
  const lines = text
    .split(/\r?\n|\r/)
    .map(trim)
    .filter(line => line !== '');
  if (lines.some(line => CONTROL.test(line)))
    return reject('has a control character, which no client can send in a field');
  const fields = lines.filter(line => FIELD.test(line)).map(line => line.replace(FIELD, ''));
  if (fields.length > 0) {
    // The other lines may be fields of the same request, and nothing else.
    const isRequest = lines.every(line => /^[\w-]+:|^[A-Z]+ \S+ HTTP\//.test(line));
    return isRequest ? accept(fields) : reject(LINES);
  }
  const [only, ...more] = lines;
  if (only === undefined) return reject('is empty');
  if (more.length > 0) return reject(LINES);
  return accept([isToken(only) ? `Bearer ${only}` : only]);
}

const LINES =
  'has several lines, and a field is one line: give the token on one line, or one Authorization: field a line';

/** A token contains no white space (RFC 6750 section 2.1), and is not the scheme `Bearer` itself, with or without a colon. */
function isToken(line: string): boolean {
  return !/[ \t]/.test(line) && !/^bearer(?:[:=]|$)/i.test(line);
}

/** Removes the white space that is not part of a field value (RFC 9110 section 5.5). */
function trim(line: string): string {
  return line.replace(/^[ \t\r\n]+/, '').replace(/[ \t\r\n]+$/, '');
}

/** RFC 6749 section 5.1. */
function readTokenResponse(text: string): ParsedValue<readonly string[]> {
  try {
    const { access_token: token }: { access_token?: unknown } = JSON.parse(
      Buffer.from(text, 'latin1').toString('utf8'),
    );
    if (typeof token === 'string' && token !== '') return readTokenOfResponse(token);
  } catch {
    return reject('begins as JSON does, and is none');
  }
  return reject('is JSON without an access_token');
}

/** Writes the token after `Bearer`, as a client would. */
function readTokenOfResponse(token: string): ParsedValue<readonly string[]> {
  const value = toBytes(token);
  if (CONTROL.test(value))
    return reject('has an access_token with a control character, which no client can send in a field');
  return accept([trim(`Bearer ${value}`)]);
}

/** One character per byte, as in a field, without a byte order mark. PowerShell writes UTF-16. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return toBytes(bytes.toString('utf16le').slice(1));
  return bytes.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** @returns whether an argument contains a token: alone, in an Authorization value, or in the path of a URL. Such an argument must not be printed. */
export function containsToken(argument: string): boolean {
  if (/^(?:authorization: *)?(?:bearer +\S|eyJ[\w-]*\.|ya29\.)/i.test(argument)) return true;
  return argument
    .replace(/\?[^#]*/, '')
    .split(/[/#&=;,:@]/)
    .some(looksLikeToken);
}
