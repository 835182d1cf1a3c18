/**
 * The path of a route, of a scope rule and of an upstream. Only the canonical form is accepted, which all servers read
 * alike (RFC 3986 sections 3.3 and 6.2.2).
 */

import { accept, type ParsedValue, reject } from '../parsed-value.ts';

const PATH_PREFIX = 'a path such as / or /a/b';

interface Rule {
  readonly breaks: (path: string) => boolean;
  readonly what: string;
  readonly expected?: string;
  readonly repair?: (path: string) => string;
}

const NOT_PCHAR = /[^A-Za-z0-9\-._~!$&'()*+,=:@%/]/gu;
const UNRESERVED = /%(?:2[DE]|5F|7E|3[0-9]|[46][1-9A-F]|[57][0-9A])/g;

/** Checked in this order: a rule may rely on the earlier ones. */
const RULES: readonly Rule[] = [
  { breaks: path => !path.startsWith('/'), what: 'does not begin with /', repair: path => `/${path}` },
  {
    breaks: path => /[?#]/.test(path),
    what: 'has a query or a fragment',
    expected: 'only a path',
    repair: path => path.replace(/[?#].*$/s, ''),
  },
  { breaks: path => /[;\\]/.test(path), what: 'has a ; or a \\, which servers read differently' },
  {
    breaks: path => path.includes('${'),
    what: 'has a ${…}, which is replaced in values, not in keys',
    expected: 'the path itself',
  },
  {
    breaks: path => /[{}<>]/.test(path),
    what: 'has a { } or < >, as in a pattern',
    expected: 'a path without patterns: it covers everything below it',
    // Only where nothing stands behind it: else the path before it would cover more than was meant.
    repair: path => path.replace(/\/[^/]*[{}<>][^/]*\/?$/, '') || '/',
  },
  {
    breaks: path => path.search(NOT_PCHAR) !== -1,
    what: 'has a character that a path must not have plainly',
    expected: 'it percent-encoded',
    repair: path => path.replace(NOT_PCHAR, percentEncode),
  },
  { breaks: path => path.includes('//'), what: 'has an empty segment', repair: path => path.replace(/\/+/g, '/') },
  {
    breaks: path => /\/\.\.?(?:%20)*(?:\/|$)/.test(path),
    what: 'has a . or .. segment',
    expected: 'a path without them',
  },
  {
    breaks: path => path !== '/' && path.endsWith('/'),
    what: 'has a trailing slash',
    expected: 'the form without, which covers both',
    repair: path => path.slice(0, -1),
  },
  { breaks: path => /%(?![0-9A-Fa-f]{2})/.test(path), what: 'has a % that is not followed by two hex digits' },
  {
    breaks: path => /%(?![0-9A-F]{2})/.test(path),
    what: 'has a percent-encoding in lower case',
    expected: 'upper-case hex',
    repair: path => path.replace(/%../g, encoding => encoding.toUpperCase()),
  },
  { breaks: path => decode(path) === undefined, what: 'has a percent-encoding that is not UTF-8' },
  {
    breaks: path => path.search(UNRESERVED) !== -1,
    what: 'has a percent-encoding of an unreserved character',
    expected: 'the character itself',
    repair: path => path.replace(UNRESERVED, decodeURIComponent),
  },
  {
    breaks: path => /%(?:2F|5C|23|3F|25|3B)/.test(path) || /\p{Cc}/u.test(decode(path) ?? ''),
    what: 'has a percent-encoding of / \\ # ? % ; or of a control character',
    expected: 'a path without it; a route lets such requests pass by allow_encoded',
  },
];

/** @returns `text`; rejects a path that is not canonical, and suggests the canonical form where there is one. */
export function parsePathPrefix(text: string): ParsedValue<string> {
  const rule = RULES.find(({ breaks }) => breaks(text));
  if (rule === undefined) return accept(text);
  const repaired = rule.repair?.(text);
  const nearest = repaired !== undefined && RULES.every(({ breaks }) => !breaks(repaired)) ? repaired : undefined;
  return reject(rule.what, { expected: rule.expected ?? PATH_PREFIX, nearest });
}

/** @returns an accepted path decoded: two prefixes that match the same requests give the same text. */
export function decodePathPrefix(path: string): string {
  return decode(path) ?? path;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function percentEncode(text: string): string {
  return [...Buffer.from(text)].map(byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
