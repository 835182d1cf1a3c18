/**
 * The line of one request (contract section 6), as JSON. It is put together from parts, since a general serialiser costs
 * more than all that is decided on a request: what a route or a token says of itself is written once and kept with it.
 */

import type { Route } from '../../config/config.ts';
import { escapeJson } from '../../config/values/visible-text.ts';
import type { Outcome } from '../../denial.ts';
import type { AccessToken } from '../../token/access-token.ts';
import { readClient } from '../../token/client.ts';
import type { FinishedRequest } from '../finished-request.ts';

/** Characters of a claim or a path. What is longer was written to fill the log; a line in which something was cut says so. */
export const LONGEST_TEXT = 1_024;
export const MOST_AUDIENCES = 64;

const LEVEL_OF: Readonly<Record<Outcome, string>> = {
  forwarded: 'info',
  reported: 'warn',
  denied: 'warn',
  failed: 'error',
};

/** Text that is the same in JSON: printable ASCII but the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A part of a line, and whether something in it was cut. */
interface Part {
  readonly text: string;
  readonly isCut: boolean;
}

const NOTHING: Part = { text: '', isCut: false };
const NO_ROUTE: Part = { text: '"route":"(none)"', isCut: false };

const routeParts = new WeakMap<Route, Part>();
const tokenParts = new WeakMap<AccessToken, Part>();

/** @returns the line, with its line feed: one line in ASCII or letters, whatever a caller put in it. */
export function formatAccessLine(request: FinishedRequest): string {
  const { route, verified, upstreamMs, outcome, failure, method, host, path } = request;
  const reason = failure?.reason ?? request.denial?.reason;
  const rung = route && !route.public ? `,"enforcement":"${route.enforcement}"` : '';
  const routePart = route ? keep(routeParts, route, describeRoute) : NO_ROUTE;
  const tokenPart = verified ? keep(tokenParts, verified, describeToken) : NOTHING;
  const isCut = routePart.isCut || tokenPart.isCut || isLong(method) || isLong(host) || isLong(path);
  return (
    `{"level":"${LEVEL_OF[outcome]}","time":"${formatNow()}","request_id":"${request.requestId}",` +
    `${routePart.text},"method":${quote(method)},` +
    `"host":${quote(host)},"path":${quote(path)},"status":${request.status},"outcome":"${outcome}"` +
    `${reason ? `,"reason":"${reason}"` : ''}${failure ? `,"cause":"${failure.cause}"` : ''}${rung},"duration_ms":${formatMs(request.durationMs)}` +
    `${upstreamMs === undefined ? '' : `,"upstream_ms":${formatMs(upstreamMs)}`}` +
    `${tokenPart.text}${isCut ? ',"truncated":true' : ''},"msg":"request"}\n`
  );
}

function describeRoute(route: Route): Part {
  const key = `"route":${quote(route.key)}`;
  if (route.public) return { text: key, isCut: isLong(route.key) };
  return { text: `${key},"resource":${quote(route.resource)}`, isCut: [route.key, route.resource].some(isLong) };
}

function describeToken({ issuer, claims, audience, scopes, expiresAt }: AccessToken): Part {
  const fields = {
    iss: issuer,
    sub: textOf(claims['sub']),
    client_id: textOf(readClient(claims)),
    aud: audience,
    scope: [...scopes].join(' '),
    jti: textOf(claims['jti']),
    exp: expiresAt,
  };
  const { aud, sub, client_id, scope, jti } = fields;
  const isCut = aud.length > MOST_AUDIENCES || [issuer, sub, client_id, scope, jti, ...aud].some(isLong);
  return { text: `,${escapeJson(JSON.stringify(cutFields(fields))).slice(1, -1)}`, isCut };
}

function cutFields(fields: Readonly<Record<string, string | number | readonly string[] | undefined>>) {
  const cutValue = (value: unknown) => (typeof value === 'string' ? cut(value) : value);
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.slice(0, MOST_AUDIENCES).map(cutValue) : cutValue(value),
  ]);
  return Object.fromEntries(entries);
}

function keep<K extends object>(parts: WeakMap<K, Part>, key: K, describe: (key: K) => Part): Part {
  const kept = parts.get(key);
  if (kept !== undefined) return kept;
  const part = describe(key);
  parts.set(key, part);
  return part;
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' ? claim : undefined;
}

function quote(text: string): string {
  const shown = cut(text);
  return PLAIN.test(shown) ? `"${shown}"` : escapeJson(JSON.stringify(shown));
}

function cut(text: string): string {
  return isLong(text) ? text.slice(0, LONGEST_TEXT) : text;
}

function isLong(text: string | undefined): boolean {
  return text !== undefined && text.length > LONGEST_TEXT;
}

/** With three decimals. Of two whole numbers, since the text of a fraction costs many times theirs. */
function formatMs(milliseconds: number): string {
  const micros = Math.round(milliseconds * 1000);
  const whole = Math.floor(micros / 1000);
  return `${whole}.${String(micros - whole * 1000).padStart(3, '0')}`;
}

let lastTime = 0;
let lastTimeText = '';

/** RFC 3339. Many requests end in one millisecond. */
function formatNow(): string {
  const now = Date.now();
  if (now !== lastTime) {
    lastTime = now;
    lastTimeText = new Date(now).toISOString();
  }
  return lastTimeText;
}
