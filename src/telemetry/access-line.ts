/**
 * The line of one request (contract section 6), as JSON. It is put together from parts, since a general serialiser costs
 * more than all that is decided on a request: what a route or a token says of itself is written once and kept with it.
 */

import type { Route } from '../config/config.ts';
import { escapeJson } from '../config/visible-text.ts';
import type { Outcome } from '../denial.ts';
import type { AccessToken } from '../token/access-token.ts';
import { readClient } from '../token/client.ts';
import type { FinishedRequest } from './finished-request.ts';

/** Characters of a claim or a path. What is longer was written to fill the log. Who reads the log back must know what may be cut. */
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

const routeParts = new WeakMap<Route, string>();
const tokenParts = new WeakMap<AccessToken, string>();

/** @returns the line, with its line feed: one line in ASCII or letters, whatever a caller put in it. */
export function formatAccessLine(request: FinishedRequest): string {
  const { route, verified, upstreamMs, outcome } = request;
  const reason = request.failure ?? request.denial?.reason;
  const rung = route && !route.public ? `,"enforcement":"${route.enforcement}"` : '';
  return (
    `{"level":"${LEVEL_OF[outcome]}","time":"${formatNow()}","request_id":"${request.requestId}",` +
    `${route ? keep(routeParts, route, describeRoute) : '"route":"(none)"'},"method":${quote(request.method)},` +
    `"host":${quote(request.host)},"path":${quote(request.path)},"status":${request.status},"outcome":"${outcome}"` +
    `${reason ? `,"reason":"${reason}"` : ''}${rung},"duration_ms":${formatMs(request.durationMs)}` +
    `${upstreamMs === undefined ? '' : `,"upstream_ms":${formatMs(upstreamMs)}`}` +
    `${verified ? keep(tokenParts, verified, describeToken) : ''},"msg":"request"}\n`
  );
}

function describeRoute(route: Route): string {
  const key = `"route":${quote(route.key)}`;
  return route.public ? key : `${key},"resource":${quote(route.resource)}`;
}

function describeToken({ issuer, claims, audience, scopes, expiresAt }: AccessToken): string {
  const fields = {
    iss: issuer,
    sub: textOf(claims['sub']),
    client_id: textOf(readClient(claims)),
    aud: audience.slice(0, MOST_AUDIENCES).map(cut),
    scope: cut([...scopes].join(' ')),
    jti: textOf(claims['jti']),
    exp: expiresAt,
  };
  return `,${escapeJson(JSON.stringify(fields)).slice(1, -1)}`;
}

function keep<K extends object>(parts: WeakMap<K, string>, key: K, describe: (key: K) => string): string {
  const kept = parts.get(key);
  if (kept !== undefined) return kept;
  const part = describe(key);
  parts.set(key, part);
  return part;
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' ? cut(claim) : undefined;
}

function quote(text: string): string {
  const shown = cut(text);
  return PLAIN.test(shown) ? `"${shown}"` : escapeJson(JSON.stringify(shown));
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
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
