/** The files of `keys`: certificates of authorities, and a bearer token. Checked at each load, and read again when they are used. */

import { readText } from '../source/file.ts';
import { CERTIFICATES, checkAuthorities, unreadable } from '../tls/pem-files.ts';
import { accept, type ParsedValue, type Rejection, reject } from './parsed-value.ts';

export const TOKEN_FILE = 'a file with one bearer token';

/** RFC 6750 section 2.1. */
const TOKEN = /^[\w.~+/-]+=*$/;

/** @returns why the authorities in the file at `path` cannot be trusted; `undefined` where all of them can be. */
export function checkCaFile(path: string): Rejection | undefined {
  const text = readText(path);
  return text.ok ? checkAuthorities(text.value) : unreadable(text.rejection, CERTIFICATES);
}

/** @returns the bearer token in the file at `path`, without blanks around it; it is in no rejection. */
export function readTokenFile(path: string): ParsedValue<string> {
  const text = readText(path);
  if (!text.ok) return text;
  const token = text.value.trim();
  if (token === '') return reject('is empty');
  return TOKEN.test(token) ? accept(token) : reject('holds something else than one bearer token');
}
