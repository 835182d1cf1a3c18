/**
 * The access log line of one request, as JSON, with the fields of access-log-fields.ts. It is concatenated by hand: one
 * JSON.stringify per request costs more CPU time than its whole decision. The fields that depend only on the route or only
 * on the token are formatted once and cached.
 */

import type { Route } from '../../config/config.ts';
import { escapeJson } from '../../config/diagnostics/visible-text.ts';
import type { Outcome } from '../../denial.ts';
import type { AccessToken } from '../../token/access-token.ts';
import { readClient } from '../../token/client.ts';
import { type FinishedRequest, NO_ROUTE } from '../finished-request.ts';

/** Characters that are logged of one value, so that a client cannot fill the log. A line with a cut value has `truncated`. */
export const LONGEST_TEXT = 1_024;
export const MOST_AUDIENCES = 64;

const LEVEL_OF: Readonly<Record<Outcome, string>> = {
  forwarded: 'info',
  reported: 'warn',
  denied: 'warn',
  failed: 'error',
};

/** Text that needs no escaping in JSON: printable ASCII without the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Some fields of a line, as text, and whether a value among them was cut. */
interface Fields {
  readonly text: string;
  readonly isCut: boolean;
}

const WITHOUT_TOKEN: Fields = { text: '', isCut: false };
const WITHOUT_ROUTE: Fields = { text: `"route":"${NO_ROUTE}"`, isCut: false };

const routeFields = new WeakMap<Route, Fields>();
/** In the token itself: a WeakMap of 100,000 tokens makes a full garbage collection take a second. */
const FIELDS = Symbol('fields of the access log');
type LoggedToken = AccessToken & { readonly [FIELDS]?: Fields };

/** @returns the line with its line feed. Control characters, line separators and invisible characters of a caller are escaped. */
export function formatAccessLine(request: FinishedRequest): string {
  const { route, verified, upstream, upstreamMs, outcome, failure, method, host, path } = request;
  const reason = failure?.reason ?? request.denial?.reason;
  const mode = route && !route.public ? `,"enforcement":"${route.enforcement}"` : '';
  const ofRoute = route ? fieldsOfRoute(route) : WITHOUT_ROUTE;
  const ofToken = verified ? formatTokenAt(verified, request.scopes) : WITHOUT_TOKEN;
  const isCut = ofRoute.isCut || ofToken.isCut || isLong(method) || isLong(host) || isLong(path);
  return (
    `{"level":"${LEVEL_OF[outcome]}","time":"${formatNow()}","request_id":"${request.requestId}",${ofRoute.text}` +
    `,"method":${quote(method)},"host":${quote(host)},"path":${quote(path)}` +
    `,"status":${request.status},"outcome":"${outcome}"` +
    (reason ? `,"reason":"${reason}"` : '') +
    (failure ? `,"cause":"${failure.cause}"` : '') +
    (failure?.tlsError ? `,"tls_error":"${failure.tlsError}"` : '') +
    (upstream === undefined ? '' : `,"upstream":${quote(upstream)}`) +
    mode +
    `,"duration_ms":${formatMs(request.durationMs)}` +
    (upstreamMs === undefined ? '' : `,"upstream_ms":${formatMs(upstreamMs)}`) +
    ofToken.text +
    (isCut ? ',"truncated":true' : '') +
    ',"msg":"request"}\n'
  );
}

function formatRoute(route: Route): Fields {
  const key = `"route":${quote(route.key)}`;
  if (route.public) return { text: key, isCut: isLong(route.key) };
  return { text: `${key},"resource":${quote(route.resource)}`, isCut: [route.key, route.resource].some(isLong) };
}

/** @param scopes those that the route compared: of the token, or, with a `scope_claim` of the route, read for this request. */
function formatTokenAt(token: AccessToken, scopes = token.scopes): Fields {
  return scopes === token.scopes ? fieldsOf(token) : formatToken(token, scopes);
}

function formatToken(token: AccessToken, scopes = token.scopes): Fields {
  const { issuer, claims, audience, secondAudience, type, kind, expiresAt } = token;
  const fields = {
    iss: issuer,
    sub: textOf(claims['sub']),
    client_id: readClient(claims),
    aud: secondAudience ? [...new Set([...audience, ...secondAudience])] : audience,
    scope: [...scopes].join(' '),
    jti: textOf(claims['jti']),
    exp: expiresAt,
    typ: type,
    kind,
  };
  const { aud, sub, client_id, scope, jti } = fields;
  const isCut = aud.length > MOST_AUDIENCES || [issuer, sub, client_id, scope, jti, type, ...aud].some(isLong);
  return { text: formatFields(fields), isCut };
}

/** @returns JSON members, each behind a comma. By hand, as the line: `JSON.stringify` costs a new token three times as much. */
function formatFields(fields: Readonly<Record<string, string | number | readonly string[] | undefined>>): string {
  const texts: string[] = [];
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) texts.push(`,"${name}":${formatValue(value)}`);
  }
  return texts.join('');
}

function formatValue(value: string | number | readonly string[]): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? quote(value) : `[${value.slice(0, MOST_AUDIENCES).map(quote).join(',')}]`;
}

function fieldsOfRoute(route: Route): Fields {
  const known = routeFields.get(route);
  if (known !== undefined) return known;
  const fields = formatRoute(route);
  routeFields.set(route, fields);
  return fields;
}

/** Not enumerable, so that a copy with other claims does not have them. */
function fieldsOf(token: LoggedToken): Fields {
  const known = token[FIELDS];
  if (known !== undefined) return known;
  const value = formatToken(token);
  Object.defineProperty(token, FIELDS, { value });
  return value;
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

/** With three decimals, formatted as two integers: formatting a fraction takes many times as long. */
function formatMs(milliseconds: number): string {
  const micros = Math.round(milliseconds * 1000);
  const whole = Math.floor(micros / 1000);
  return `${whole}.${String(micros - whole * 1000).padStart(3, '0')}`;
}

let lastTime = 0;
let lastTimeText = '';

/** RFC 3339. The text is kept for one millisecond, in which many requests may end. */
function formatNow(): string {
  const now = Date.now();
  if (now !== lastTime) {
    lastTime = now;
    lastTimeText = new Date(now).toISOString();
  }
  return lastTimeText;
}
