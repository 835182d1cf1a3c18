/** The entries of `cors` beside its origins: methods, names of header fields, and for how long browsers may keep the answer. */

import { METHODS } from 'node:http';
import { findNearest } from '../diagnostics/suggestion.ts';
import { DURATION, parseDuration } from './duration.ts';
import { HEADER_NAME_FORM } from './header/header-name.ts';
import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const CORS_METHOD = 'a method in upper case such as PUT, or "*"';
export const CORS_METHOD_FORM = /^(?:\*|[A-Z-]+)$/;
export const CORS_FIELD = 'a header field name such as X-Custom, or "*"';
export const MAX_AGE = `${DURATION}, or 0s`;

/** Fetch section 2.2.1: no page may send these. */
const FORBIDDEN: ReadonlySet<string> = new Set(['CONNECT', 'TRACE']);

/** @returns `text`, a method or `*`; rejects what no page can send, and lower case, which is another method. */
export function parseCorsMethod(text: string): ParsedValue<string> {
  if (FORBIDDEN.has(text)) return reject('is a method that browsers let no page send');
  if (text === '*' || METHODS.includes(text)) return accept(text);
  return reject('is not a method of HTTP', { nearest: findNearest(text.toUpperCase(), METHODS) });
}

/** @returns `text`, a field name or `*`. */
export function parseCorsField(text: string): ParsedValue<string> {
  return HEADER_NAME_FORM.test(text) ? accept(text) : reject('is not a header field name');
}

/** No browser keeps it longer. */
const LONGEST_DAYS = 1;

/** @returns whole seconds; 0 where nothing is to be kept. */
export function parseMaxAge(text: string): ParsedValue<number> {
  if (/^0+(?:ms|s|m|h)$/.test(text)) return accept(0);
  const parsed = parseDuration(text, LONGEST_DAYS);
  return parsed.ok ? accept(Math.floor(parsed.value / 1_000)) : parsed;
}
