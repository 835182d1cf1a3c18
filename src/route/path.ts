/**
 * One reading of a path (RFC 3986 sections 2.3, 3.3 and 6.2.2). The path is the policy key: what two servers could
 * read differently is refused, and the canonical bytes that are matched are the bytes that are forwarded.
 */

import { type Denial, deny } from '../denial.ts';

export interface CanonicalPath {
  readonly ok: true;
  /** As forwarded: unreserved characters decoded, other percent-encodings upper-case. */
  readonly text: string;
  /** As matched: what is harmless to decode is decoded, so that `%40me` meets the route `/@me`. */
  readonly key: string;
  /** Encodings that servers read differently. Only a route whose `allow_encoded` names each of them may take this path. */
  readonly contested: readonly string[];
}

/** Nothing to decode, no segment empty or made of dots: nearly every path of a well-behaved client. */
const PLAIN = /^(?:\/(?!\.\.?(?:\/|$))[\w\-.~!$&'()*+,=:@]+)*\/?$/;

/** Never opened by a route: control, space or non-ASCII bytes, a backslash, a fragment, a broken percent-encoding. */
const UNREADABLE = /[^\x21-\x7e]|[\\#]|%(?![0-9A-Fa-f]{2})/;

/** `/ \ # ? % ;` and controls, encoded, and a bare `;` (path parameters: some servers cut them off). */
const CONTESTED_HEX = '(?:[01][0-9A-F]|2F|5C|23|3F|25|3B|7F)';
const CONTESTED = new RegExp(`;|%${CONTESTED_HEX}`);
const EACH_CONTESTED = new RegExp(CONTESTED, 'g');
/** One ASCII character that is harmless to decode, or a run of other bytes, which may be UTF-8. */
const HARMLESS = new RegExp(`%(?!${CONTESTED_HEX})[2-7][0-9A-F]|(?:%[89A-F][0-9A-F])+`, 'g');
const NOT_ASCII = /%[89A-F][0-9A-F]/g;

const UNRESERVED = /[\w\-.~]/;
const DOTS = /^\.\.?(?:%20)*$/;
const C1_CONTROL = /[\x80-\x9f]/;

/**
 * @param raw the path of a request target, without its query, one character a byte (Latin-1).
 * @returns the canonical path, or `ambiguous_path` for what no route may open: dot segments (plain, encoded, or beside a
 *   contested encoding), empty segments, `\`, a fragment, control or non-ASCII bytes, `%` without two hex digits.
 */
export function canonicalizePath(raw: string): CanonicalPath | Denial<'ambiguous_path'> {
  if (PLAIN.test(raw) && raw !== '') return { ok: true, text: raw, key: raw, contested: [] };
  if (!raw.startsWith('/') || UNREADABLE.test(raw)) return deny('ambiguous_path');
  const text = raw.replace(/%../g, decodeUnreserved);
  if (text.slice(1).split('/').some(isEmptyBeforeLast) || text.split('/').some(hasDotSegment))
    return deny('ambiguous_path');
  const key = text.replace(HARMLESS, decodeHarmless);
  if (CONTESTED.test(key) && listReadings(key).some(reading => reading.split('/').some(hasDotSegment))) {
    return deny('ambiguous_path');
  }
  return { ok: true, text, key, contested: [...(text.match(EACH_CONTESTED) ?? []), ...(key.match(NOT_ASCII) ?? [])] };
}

/**
 * @param key a canonical path, as matched.
 * @returns every way in which a server may read it: itself, and where it has contested encodings, with separators
 *   decoded (again and again) and slashes merged, with path parameters cut off, and with all cut off behind an encoded end.
 */
export function listReadings(key: string): readonly string[] {
  if (!CONTESTED.test(key)) return [key];
  let readings = [key];
  for (const read of [decodeSeparators, cutParameters, cutAtEnd]) readings = [...readings, ...readings.map(read)];
  return [...new Set(readings)];
}

function decodeSeparators(key: string): string {
  const decoded = key.replace(/%(?:25)*(?:2F|5C)/gi, '/').replace(/%(?:25)+(?=[0-9A-F]{2})/gi, '%');
  return decoded.replace(/%../g, decodeUnreserved).replace(/\/+/g, '/');
}

function cutParameters(key: string): string {
  return key.replace(/(?:;|%3B)[^/]*/gi, '');
}

function cutAtEnd(key: string): string {
  return key.replace(/%(?:00|3F|23).*$/is, '');
}

function decodeUnreserved(encoding: string): string {
  const character = String.fromCharCode(Number.parseInt(encoding.slice(1), 16));
  return UNRESERVED.test(character) ? character : encoding.toUpperCase();
}

function isEmptyBeforeLast(segment: string, index: number, segments: readonly string[]): boolean {
  return segment === '' && index < segments.length - 1;
}

/** A server that reads a contested encoding as a separator sees a segment in each piece. */
function hasDotSegment(segment: string): boolean {
  return segment.split(CONTESTED).some(piece => DOTS.test(piece));
}

/** Bytes that are not UTF-8, or that are a control of Unicode, stay as they are: then they are contested. */
function decodeHarmless(encoded: string): string {
  try {
    const decoded = decodeURIComponent(encoded);
    return C1_CONTROL.test(decoded) ? encoded : decoded;
  } catch {
    return encoded;
  }
}
