/** The files of `keys`: certificates of authorities, and a bearer token. Checked at each load, and read again when they are used. */

import { X509Certificate } from 'node:crypto';
import { readText } from '../source/file.ts';
import { accept, type ParsedValue, type Rejection, reject } from './parsed-value.ts';

export const CA_FILE = 'a PEM file with the certificates of authorities';
export const TOKEN_FILE = 'a file with one bearer token';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
/** RFC 6750 section 2.1. */
const TOKEN = /^[\w.~+/-]+=*$/;

/** @returns why the file at `path` has no certificate that can be used; `undefined` where all of them can be. */
export function checkCaFile(path: string): Rejection | undefined {
  const text = readText(path);
  if (!text.ok) return { expected: CA_FILE, ...text.rejection };
  const blocks = text.value.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return { what: 'has no certificate', expected: CA_FILE };
  return blocks.every(isCertificate) ? undefined : { what: 'has a certificate that cannot be read', expected: CA_FILE };
}

/** @returns the bearer token in the file at `path`, without blanks around it; it is in no rejection. */
export function readTokenFile(path: string): ParsedValue<string> {
  const text = readText(path);
  if (!text.ok) return text;
  const token = text.value.trim();
  if (token === '') return reject('is empty');
  return TOKEN.test(token) ? accept(token) : reject('holds something else than one bearer token');
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
