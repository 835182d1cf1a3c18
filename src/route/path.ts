/**
 * The canonical form of a path (RFC 3986 sections 2.3, 3.3 and 6.2.2). A path that two servers could read differently is
 * refused. `text` is forwarded; `key` is matched: it is `text` with the encodings decoded that every server decodes alike.
 */

import { type Denial, deny } from '../denial.ts';

export interface CanonicalPath {
  readonly ok: true;
  /** Forwarded: unreserved characters decoded, other percent-encodings upper-case (`/%40me%7e` → `/%40me~`). */
  readonly text: string;
  /** Matched: other harmless encodings decoded as well, so that `/%40me` matches the route `/@me`. */
  readonly key: string;
  /** Encodings that servers read differently. The path needs a route whose `allow_encoded` has each of them. */
  readonly contested: readonly string[];
}

/** A path with nothing to decode and no segment that is empty or dots. Most paths match, and this is cheaper than the full check. */
const PLAIN = /^(?:\/(?!\.\.?(?:\/|$))[\w\-.~!$&'()*+,=:@]+)*\/?$/;

/** Always refused: control, space or non-ASCII bytes, a backslash, a fragment, a broken percent-encoding. */
const FORBIDDEN = /[^\x21-\x7e]|[\\#]|%(?![0-9A-Fa-f]{2})/;

/** `/ \ # ? % ;` and controls, encoded, and a bare `;` (path parameters: some servers cut them off). */
const CONTESTED_HEX = '(?:[01][0-9A-F]|2F|5C|23|3F|25|3B|7F)';
const CONTESTED = new RegExp(`;|%${CONTESTED_HEX}`);
const EACH_CONTESTED = new RegExp(CONTESTED, 'g');
/** An encoded ASCII character that all servers decode, or a run of other bytes, which may be UTF-8. */
const HARMLESS = new RegExp(`%(?!${CONTESTED_HEX})[2-7][0-9A-F]|(?:%[89A-F][0-9A-F])+`, 'g');
const NOT_ASCII = /%[89A-F][0-9A-F]/g;

const UNRESERVED = /[\w\-.~]/;
/** `.` or `..` between separators, with the blanks and dots after it that Windows drops. Some separators are so for some servers only. */
const DOT_SEGMENT = /(?:^|[/;]|%[0-9A-F]{2})\.\.?(?: [ .]*)?(?:[/;%]|$)/;
const C1_CONTROL = /[\x80-\x9f]/;

/**
 * @param raw the path of a request target, without its query, one character a byte (Latin-1).
 * @returns the canonical path, or `ambiguous_path` for what no route may allow: dot segments (plain, encoded, or beside a
 *   contested encoding), empty segments, `\`, a fragment, control or non-ASCII bytes, `%` without two hex digits.
 */
export function canonicalizePath(raw: string): CanonicalPath | Denial<'ambiguous_path'> {
  if (PLAIN.test(raw) && raw !== '') return { ok: true, text: raw, key: raw, contested: [] };
  if (!raw.startsWith('/') || FORBIDDEN.test(raw)) return deny('ambiguous_path');
  const text = raw.replace(/%../g, decodeUnreserved);
  const key = decodeHarmless(text);
  if (text.includes('//') || hasDotSegment(key)) return deny('ambiguous_path');
  if (CONTESTED.test(key) && hasDotSegment(key.replace(/%(?:25)+/g, '%').replace(/%../g, decodeUnreserved))) {
    return deny('ambiguous_path');
  }
  return { ok: true, text, key, contested: [...(text.match(EACH_CONTESTED) ?? []), ...(key.match(NOT_ASCII) ?? [])] };
}

/**
 * @param sent the path of a request target as it was sent, canonical or not.
 * @returns it with each percent-encoding decoded as in the key of a canonical path, and nothing else about it changed.
 */
export function decodeAsKey(sent: string): string {
  return decodeHarmless(sent.replace(/%[0-9A-Fa-f]{2}/g, decodeUnreserved));
}

/** @returns whether a server could find a dot segment in `key` (RFC 3986 section 5.2.4). */
export function hasDotSegment(key: string): boolean {
  return DOT_SEGMENT.test(key);
}

/** @returns a character as a key has it: encoded where servers differ on it. */
export function toKeyCharacter(codePoint: number): string {
  const encoded = `%${codePoint.toString(16).toUpperCase().padStart(2, '0')}`;
  return CONTESTED.test(encoded) ? encoded : String.fromCodePoint(codePoint);
}

function decodeUnreserved(encoding: string): string {
  const character = String.fromCharCode(Number.parseInt(encoding.slice(1), 16));
  return UNRESERVED.test(character) ? character : encoding.toUpperCase();
}

function decodeHarmless(text: string): string {
  return text.replace(HARMLESS, decodeUtf8);
}

/** Bytes that are not UTF-8, or a C1 control, stay encoded and are then contested. */
function decodeUtf8(encoded: string): string {
  try {
    const decoded = decodeURIComponent(encoded);
    return C1_CONTROL.test(decoded) ? encoded : decoded;
  } catch {
    return encoded;
  }
}

/**
 * On whole segments: `/invoices` has `/invoices` and `/invoices/7` below it, not `/invoices-old`.
 *
 * @param prefix `/`, or a path without a trailing slash.
 */
export function isBelowPath(path: string, prefix: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}
