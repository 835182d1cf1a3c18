/**
 * The access log line of one request, as JSON, with the fields of access-log-fields.ts. It is concatenated by hand: one
 * JSON.stringify per request costs more CPU time than its whole decision. The fields that depend only on the route or only
 * on the token are formatted once and cached.
 */

import { OMITTABLE_FIELDS, type OmittableField } from '../../config/values/access-log.ts';
import type { Failure, Outcome } from '../../denial.ts';
import type { UnverifiedToken } from '../../token/unverified.ts';
import { type FinishedRequest, NO_ROUTE } from '../finished-request.ts';
import { describeMcp, type McpRecord } from '../mcp-record.ts';
import { type Cut, formatMs, formatNow, formatText } from './json-values.ts';
import { type Fields, RouteFields, type Shown, TokenFields } from './kept-fields.ts';

/** @returns the line with its line feed. Control characters, line separators and invisible characters of a caller are escaped. */
export type AccessLineFormat = (request: FinishedRequest) => string;

/** Characters that are logged of each value of `unverified`. */
export const LONGEST_UNVERIFIED = 256;

const LEVEL_OF: Readonly<Record<Outcome, string>> = {
  forwarded: 'info',
  reported: 'warn',
  denied: 'warn',
  failed: 'error',
};

const WITHOUT_ROUTE: Fields = { text: `,"route":"${NO_ROUTE}"`, isCut: false };
const NOTHING: Fields = { text: '', isCut: false };

/** @param omitted names of fields that no line has. */
export function createAccessLineFormat(omitted: ReadonlySet<OmittableField>): AccessLineFormat {
  const shown = Object.fromEntries(OMITTABLE_FIELDS.map(name => [name, !omitted.has(name)])) as Shown;
  const withoutRoute = shown.route ? WITHOUT_ROUTE : NOTHING;
  const routes = new RouteFields(shown);
  const tokens = new TokenFields(shown);
  const cut: Cut = { isCut: false };
  return request => {
    const { route, verified, unverified, scopes, outcome } = request;
    const ofRoute = route ? routes.of(route) : withoutRoute;
    const ofToken = verified ? tokens.of(verified, scopes) : NOTHING;
    cut.isCut = ofRoute.isCut || ofToken.isCut;
    return (
      `{"level":"${LEVEL_OF[outcome]}","time":"${formatNow()}"` +
      formatOrigin(request, shown) +
      ofRoute.text +
      formatTarget(request, shown, cut) +
      formatOutcome(request, shown, cut) +
      (request.mcp ? formatMcp(request.mcp, shown, cut) : '') +
      formatException(request, shown, cut) +
      ofToken.text +
      (unverified && shown.unverified ? `,"unverified":${formatUnverified(unverified, cut)}` : '') +
      (cut.isCut ? ',"truncated":true,"msg":"request"}\n' : ',"msg":"request"}\n')
    );
  };
}

/** All of it is ours, or an address, or hexadecimal digits. */
function formatOrigin({ requestId, traceId, via, client }: FinishedRequest, shown: Shown): string {
  return (
    (shown.request_id ? `,"request_id":"${requestId}"` : '') +
    (shown.trace_id && traceId !== undefined ? `,"trace_id":"${traceId}"` : '') +
    (shown.via ? `,"via":"${via}"` : '') +
    (shown.client ? `,"client":"${client}"` : '')
  );
}

function formatTarget({ method, host, path }: FinishedRequest, shown: Shown, cut: Cut): string {
  return (
    (shown.method ? `,"method":${formatText(method, cut)}` : '') +
    (shown.host ? `,"host":${formatText(host, cut)}` : '') +
    (shown.path ? `,"path":${formatText(path, cut)}` : '')
  );
}

function formatOutcome(request: FinishedRequest, shown: Shown, cut: Cut): string {
  const { status, outcome, denial, failure, upstream, route, bytesIn, bytesOut, durationMs, upstreamMs } = request;
  const reason = failure?.reason ?? denial?.reason;
  return (
    (shown.status ? `,"status":${status}` : '') +
    (shown.outcome ? `,"outcome":"${outcome}"` : '') +
    (shown.reason && reason ? `,"reason":"${reason}"` : '') +
    (failure ? formatFailure(failure, shown) : '') +
    (shown.upstream && upstream !== undefined ? `,"upstream":${formatText(upstream, cut)}` : '') +
    (shown.enforcement && route && !route.public ? `,"enforcement":"${route.enforcement}"` : '') +
    (shown.bytes_in ? `,"bytes_in":${bytesIn}` : '') +
    (shown.bytes_out ? `,"bytes_out":${bytesOut}` : '') +
    (shown.duration_ms ? `,"duration_ms":${formatMs(durationMs)}` : '') +
    (shown.upstream_ms && upstreamMs !== undefined ? `,"upstream_ms":${formatMs(upstreamMs)}` : '')
  );
}

function formatMcp(mcp: McpRecord, shown: Shown, cut: Cut): string {
  const { method, target } = describeMcp(mcp);
  return (
    (shown.mcp_method && method !== undefined ? `,"mcp_method":${formatText(method, cut)}` : '') +
    (shown.tool && target !== undefined ? `,"tool":${formatText(target, cut)}` : '')
  );
}

function formatException({ excused: [first] }: FinishedRequest, shown: Shown, cut: Cut): string {
  return first && shown.exception ? `,"exception":${formatText(first.exception.clientId, cut)}` : '';
}

function formatFailure({ cause, tlsError, errorCode }: Failure, shown: Shown): string {
  return (
    (shown.cause ? `,"cause":"${cause}"` : '') +
    (shown.tls_error && tlsError !== undefined ? `,"tls_error":"${tlsError}"` : '') +
    (shown.error_code && errorCode !== undefined ? `,"error_code":"${errorCode}"` : '')
  );
}

function formatUnverified({ iss, kid, alg }: UnverifiedToken, cut: Cut): string {
  const members = Object.entries({ iss, kid, alg }).flatMap(([name, value]) =>
    value === undefined ? [] : [`"${name}":${formatText(value, cut, LONGEST_UNVERIFIED)}`],
  );
  return `{${members.join(',')}}`;
}
