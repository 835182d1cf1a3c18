/** Compares two identifiers that may be meant to be the same: the first position where they differ, and in which parts. */

import { escapeExactly } from '../../terminal.ts';

export interface Difference {
  /** Both escaped for output. */
  readonly actual: string;
  readonly expected: string;
  /** The first position at which the escaped texts differ. */
  readonly at: number;
  /** Every difference, in words: `trailing slash`, `https, not http`. */
  readonly words: readonly string[];
  /** Two spellings of one resource (RFC 3986 section 6.2): a trailing slash, the case of scheme or host, a default port, letters encoded. */
  readonly isSameResource: boolean;
  /** Another resource, but easily mistaken for the same. */
  readonly isNear: boolean;
}

interface Parts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly rest: string;
}

const HARMLESS = [
  'trailing slash',
  'letter case of the host',
  'letter case of the scheme',
  'default port',
  'percent-encoded letters',
];
const NEAR = [
  'another port',
  'a dot behind the host',
  'letter case of the path',
  'percent-encoding',
  'http, not https',
];
const URI = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/s;
const LONGEST_SCHEME = 20;
const DEFAULT_PORT: Readonly<Record<string, string>> = { http: ':80', https: ':443' };

/** @returns how `actual` differs from `expected`; `undefined` where they are equal. */
export function findDifference(actual: string, expected: string): Difference | undefined {
  if (actual === expected) return undefined;
  const shown = { actual: escapeExactly(actual), expected: escapeExactly(expected) };
  const words = describe(actual, expected);
  const isSameResource = words.every(word => HARMLESS.includes(word));
  const isNear = !isSameResource && words.every(word => HARMLESS.includes(word) || NEAR.includes(word));
  return { ...shown, at: countCommon(shown.actual, shown.expected), words, isSameResource, isNear };
}

/** @returns the difference from the candidate that is most similar to `actual`; `undefined` without candidates. */
export function findNearestDifference(actual: string, candidates: Iterable<string>): Difference | undefined {
  const differences = [...candidates].flatMap(candidate => findDifference(actual, candidate) ?? []);
  return differences.sort(
    (a, b) => Number(b.isSameResource) - Number(a.isSameResource) || a.words.length - b.words.length || b.at - a.at,
  )[0];
}

function describe(actual: string, expected: string): readonly string[] {
  if (actual.trim() === expected.trim()) return ['white space'];
  const [a, b] = [readParts(actual), readParts(expected)];
  if (!a || !b) return [describeNames(actual, expected)];
  return [
    describeScheme(a.scheme, b.scheme),
    describeAuthority(a, b),
    describePath(a.path, b.path),
    a.rest === b.rest ? undefined : 'query or fragment',
  ].filter(word => word !== undefined);
}

function describeNames(actual: string, expected: string): string {
  if (actual.toLowerCase() === expected.toLowerCase()) return 'letter case';
  const bare = (name: string) => name.replace(/^api:\/\//, '');
  return bare(actual) === bare(expected) ? 'api:// before the name' : 'another name';
}

function describeScheme(actual: string, expected: string): string | undefined {
  if (actual === expected) return undefined;
  return toLower(actual) === toLower(expected)
    ? 'letter case of the scheme'
    : `${actual.slice(0, LONGEST_SCHEME)}, not ${expected}`;
}

function describeAuthority(a: Parts, b: Parts): string | undefined {
  if (a.authority === b.authority) return undefined;
  const [actual, expected] = [toLower(a.authority), toLower(b.authority)];
  if (actual === expected) return 'letter case of the host';
  const [bare, wanted] = [withoutDefaultPort(a), withoutDefaultPort(b)];
  if (bare === wanted) return 'default port';
  const dotless = (name: string) => name.replace(/\.(?=:\d*$|$)/, '');
  if (dotless(bare) === dotless(wanted)) return 'a dot behind the host';
  return bare.replace(/:\d*$/, '') === wanted.replace(/:\d*$/, '') ? 'another port' : 'another host';
}

function describePath(actual: string, expected: string): string | undefined {
  if (actual === expected) return undefined;
  if (hasOneSlashMore(actual, expected) || hasOneSlashMore(expected, actual)) return 'trailing slash';
  if (decodeUnreserved(actual) === decodeUnreserved(expected)) return 'percent-encoded letters';
  if (actual.toLowerCase() === expected.toLowerCase()) return 'letter case of the path';
  return decode(actual) === decode(expected) ? 'percent-encoding' : 'another path';
}

/** Behind another slash it would be an empty segment, which names another resource. */
function hasOneSlashMore(longer: string, shorter: string): boolean {
  return longer === `${shorter}/` && !shorter.endsWith('/');
}

/** Of ASCII alone (RFC 3986 section 6.2.2.1): the Kelvin sign looks like a K, whose small letter JavaScript makes of it. */
function toLower(text: string): string {
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase());
}

/** RFC 3986 section 6.2.2: decodes letters, digits, `-`, `.`, `_` and `~`, and writes other encodings in upper case. */
function decodeUnreserved(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, encoded => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
  });
}

function decode(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, encoded => String.fromCharCode(Number.parseInt(encoded.slice(1), 16)));
}

function readParts(text: string): Parts | undefined {
  const [, scheme, authority = '', path = '', rest = ''] = URI.exec(text) ?? [];
  return scheme === undefined ? undefined : { scheme, authority, path, rest };
}

function withoutDefaultPort({ scheme, authority }: Parts): string {
  const port = DEFAULT_PORT[scheme.toLowerCase()];
  const host = toLower(authority);
  return port !== undefined && host.endsWith(port) ? host.slice(0, -port.length) : host;
}

function countCommon(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
}
