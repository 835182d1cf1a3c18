/** Compares three readings of one request: by the RFCs, by the gateway that authorised it, and by the server that parsed it. */

import { createHash } from 'node:crypto';
import type { LogLine } from '../../support/gateway.ts';
import { fold, type ObservedRequest } from './observed-request.ts';
import type { Reading } from './payload.ts';
import { IDENTITY, ROUTES, type RouteTraits } from './routes.ts';

export interface World {
  /** Host and port of the server. */
  readonly address: string;
  readonly token: string;
}

/** Fields that end at the gateway. */
const HOP_BY_HOP = [
  'te',
  'trailer',
  'upgrade',
  'expect',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'http2-settings',
];
/** What servers read in more than one way, on routes that allow it. */
const AMBIGUOUS = /;|%(?:2F|5C|3B|25|3F|23)/;

/** @returns a sentence for each difference; none where all three agree. */
export function compare(reading: Reading, line: LogLine, seen: ObservedRequest, world: World): string[] {
  const traits = ROUTES[String(line['route'])];
  if (!traits) return [`forwarded by an unknown route: ${line['route']}`];
  const path = normalise(reading.target);
  const forwarded = forwardedPath(path, traits);
  return [
    ...differ('method authorised', line['method'], reading.method),
    ...compareLogged(String(line['path']), path),
    ...differ('method', seen.method, reading.method),
    ...differ('target', seen.target, forwarded + queryOf(reading.target)),
    ...comparePath(seen.path, forwarded, traits),
    ...differ('body', seen.body.sha1, createHash('sha1').update(reading.body, 'latin1').digest('hex')),
    ...differ('length of the body', seen.body.length, reading.body.length),
    ...compareFields(seen, expectedFields(reading, line, traits, world)),
    ...(textOf(seen, 'content-length') !== undefined && textOf(seen, 'transfer-encoding') !== undefined
      ? ['two framings']
      : []),
  ];
}

function differ(what: string, found: unknown, expected: unknown): string[] {
  return found === expected ? [] : [`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`];
}

/** RFC 3986 section 6.2.2, without using the gateway's code: hex in upper case, unreserved characters decoded. */
function normalise(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?]*/i, '').replace(/\?.*/s, '') || '/';
  return path.replace(/%[0-9a-f]{2}/gi, encoding => {
    const character = decode(encoding.toUpperCase());
    return /[\w\-.~]/.test(character) ? character : encoding.toUpperCase();
  });
}

/** A log line has the whole path, up to about a thousand bytes, with values masked that could be part of a query. */
function compareLogged(logged: string, path: string): string[] {
  const shown = logged.length >= 1000 ? path.slice(0, logged.length) : path;
  const pieces = logged.split('…').map(piece => piece.replace(/[^\w/]/g, '\\$&'));
  const isSame = new RegExp(`^${pieces.join('[^/]+')}$`).test(shown);
  return isSame ? [] : differ('path authorised', logged, path);
}

function forwardedPath(path: string, { stripped, base }: RouteTraits): string {
  const segments = path.split('/').slice(1 + stripped);
  return base + segments.map(segment => `/${segment}`).join('') || '/';
}

function queryOf(target: string): string {
  const question = target.indexOf('?');
  return question === -1 ? '' : target.slice(question);
}

/** The same segments, decoded; where the route allows `%2F` and similar ones, at least below the route and without dots. */
function comparePath(found: string, forwarded: string, { fixed, allowsEncoded }: RouteTraits): string[] {
  const expected = forwarded.split('/').map(decode);
  const segments = found.split('/');
  const count = allowsEncoded && AMBIGUOUS.test(forwarded) ? fixed + 1 : Math.max(segments.length, expected.length);
  const isSame = Array.from({ length: count }, (_, index) => segments[index] === expected[index]).every(Boolean);
  const hasDots = segments.some(segment => /^\.\.?$/.test(segment));
  return isSame && !hasDots ? [] : [`decoded path: ${JSON.stringify(found)} for ${JSON.stringify(forwarded)}`];
}

function decode(path: string): string {
  return path.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** @returns the expected value by folded name; a field with `undefined` must not arrive in any spelling. */
function expectedFields(reading: Reading, line: LogLine, traits: RouteTraits, world: World) {
  return new Map<string, string | undefined>([
    ...HOP_BY_HOP.map(name => [name, undefined] as const),
    ...Object.entries(IDENTITY).map(([name, value]) => [name, traits.identified ? value : undefined] as const),
    ['host', world.address],
    ['authorization', traits.token ? `Bearer ${world.token}` : undefined],
    ['x-forwarded-for', '127.0.0.1'],
    // HTTP/1.0 may have none.
    ['x-forwarded-host', line['host'] === '' ? undefined : String(line['host'])],
    ['x-forwarded-proto', 'http'],
    ...reading.keeps.map(([name, value]) => [fold(name), value] as const),
  ]);
}

function compareFields(seen: ObservedRequest, expected: ReadonlyMap<string, string | undefined>): string[] {
  return [...expected].flatMap(([name, value]) => differ(`field ${name}`, textOf(seen, name), value));
}

function textOf(seen: ObservedRequest, name: string): string | undefined {
  return seen.fields.get(name)?.join(', ');
}
