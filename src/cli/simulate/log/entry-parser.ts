/** The JSON object of one line → an entry of the log, checked field by field: any program may have written the file. */

import { findNamingMember } from '../../../mcp/message.ts';
import { MASK } from '../../../route/loggable-path.ts';
import { LONGEST_TEXT, MOST_ENTRIES_OF_LIST } from '../../../telemetry/log/json-values.ts';
import { CUT_TEXTS, MOST_ENTRIES } from '../../../telemetry/log/shared-output.ts';
import { isOutcome, type LogEntry, type LoggedClaims } from './log-entry.ts';

/**
 * `skipped`: not the entry of a request. `broken`: not a JSON object, or with a field of another type. `incomplete`: a field that
 * each such entry has was left out of the log.
 */
export type ParsedEntry = LogEntry | 'skipped' | 'broken' | 'incomplete';

export type Fields = Readonly<Record<string, unknown>>;

/** @returns the JSON object in `text`; `undefined` where it is anything else. Never throws. */
export function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param fields of one line, of any types.
 * @returns the entry, checked.
 */
export function parseEntry(fields: Fields): ParsedEntry {
  if (fields['msg'] !== 'request') return 'skipped';
  return isIncomplete(fields) ? 'incomplete' : (parseRequest(fields) ?? 'broken');
}

const ALWAYS = ['route', 'method', 'host', 'path', 'outcome'];
/** All of them, where the token verified. */
const VERIFIED = ['iss', 'aud', 'scope', 'exp', 'resource', 'enforcement'];
const OF_TOKEN = ['iss', 'sub', 'client_id', 'aud', 'scope', 'jti', 'exp', 'typ', 'kind'];

/** A line without a valid time was not written by audgate at all: it is broken. */
function isIncomplete(fields: Fields): boolean {
  const isThere = (name: string) => fields[name] !== undefined;
  if (!isText(fields['time']) || Number.isNaN(Date.parse(fields['time']))) return false;
  if (!ALWAYS.every(isThere)) return ALWAYS.some(isThere) || isThere('request_id');
  return isOutcome(fields['outcome']) && fields['outcome'] !== 'forwarded' && !isThere('reason');
}

/** Whether a field was left out that says what the token was, or that the route was protected. */
function isTokenOmitted(fields: Fields): boolean {
  const isThere = (name: string) => fields[name] !== undefined;
  if (isThere('resource') !== isThere('enforcement')) return true;
  return OF_TOKEN.some(isThere) && !VERIFIED.every(isThere);
}

function parseRequest(fields: Fields): LogEntry | undefined {
  const { route, method, host, path, outcome, reason, resource, enforcement, duration_ms: durationMs } = fields;
  const time = isText(fields['time']) ? Date.parse(fields['time']) : Number.NaN;
  if (Number.isNaN(time) || !isOptionalDuration(durationMs)) return undefined;
  if (!isText(route) || !isText(method) || !isText(host) || !isText(path)) return undefined;
  if (!isOutcome(outcome) || !isOptionalText(reason)) return undefined;
  if (!isOptionalText(resource) || !isOptionalText(enforcement)) return undefined;
  const mayBeCut = isMarked(fields) ? mayBeCutInSharedOutput : mayBeCutInAnyOutput;
  const claims = isTokenOmitted(fields) ? ('omitted' as const) : parseClaims(fields, mayBeCut);
  if (claims === null) return undefined;
  const requestId = isText(fields['request_id']) ? fields['request_id'] : '';
  const isPathCut = mayBeCut(path);
  const isCut = [route, resource, method, host].some(text => text !== undefined && mayBeCut(text));
  const mcp = parseMcp(fields, mayBeCut);
  const isExcused = fields['exception'] !== undefined;
  const decided = { mcp, outcome, reason, isExcused, enforcement, isPreflight: isPreflight(fields), claims };
  const via = fields['via'] === 'authorizer' ? 'authorizer' : 'proxy';
  return { time, durationMs, via, requestId, route, resource, method, host, path, isPathCut, isCut, ...decided };
}

function parseMcp({ mcp_method: method, tool }: Fields, mayBeCut: MayBeCut): LogEntry['mcp'] {
  if (method === undefined && tool === undefined) return undefined;
  if (!isText(method) || !isOptionalText(tool) || method === 'batch') return 'unknown';
  if (tool === undefined && findNamingMember(method) !== undefined) return 'unknown';
  const isWhole = ![method, tool ?? ''].some(text => mayBeCut(text) || text.includes(MASK));
  return isWhole ? { method, target: tool } : 'unknown';
}

/** An upstream that answers OPTIONS with 204 took time; what another proxy may forward otherwise has a token, or needs none. */
function isPreflight({ method, outcome, status, via, iss, upstream_ms: upstreamMs }: Fields): boolean {
  if (method !== 'OPTIONS' || outcome !== 'forwarded') return false;
  return via === 'authorizer' ? iss === undefined : status === 204 && upstreamMs === undefined;
}

/** @returns `undefined` where the token did not verify; `null` where a claim has a type that it never has in a verified token. */
function parseClaims(fields: Fields, mayBeCut: MayBeCut): LoggedClaims | undefined | null {
  if (fields['iss'] === undefined) return undefined;
  const { iss, aud, scope, exp, client_id, sub, jti, typ, kind } = fields;
  if (!isText(iss) || !isAudience(aud) || typeof exp !== 'number') return null;
  if (!isText(scope) || !isOptionalText(client_id) || !isOptionalText(typ) || !isOptionalText(kind)) return null;
  const isCut = mayBeCut(aud) || [iss, scope, typ ?? '', ...aud].some(mayBeCut);
  const texts = Object.entries({ iss, sub, client_id, jti });
  const whole = Object.fromEntries(texts.filter(([, value]) => isText(value) && !mayBeCut(value)));
  const cutNames = texts.flatMap(([name, value]) => (isText(value) && !(name in whole) ? [name] : []));
  const names = { clientId: client_id, type: typ, kind, whole, cutNames };
  return { issuer: iss, audience: aud, scope, expiresAt: exp, ...names, isCut };
}

type MayBeCut = (value: string | readonly string[]) => boolean;

/** Whether the entry says that a value in it was truncated; any value of `truncated` but `false` counts. */
function isMarked({ truncated = false }: Fields): boolean {
  return truncated !== false;
}

/** By the lengths at which the access log truncates. Older versions did not mark it, so unmarked entries are checked, too. */
function mayBeCutInAnyOutput(value: string | readonly string[]): boolean {
  return value.length >= (typeof value === 'string' ? LONGEST_TEXT : MOST_ENTRIES_OF_LIST);
}

/** By the lengths to which a line of several workers is truncated: a truncated value has exactly one of them. */
function mayBeCutInSharedOutput(value: string | readonly string[]): boolean {
  if (mayBeCutInAnyOutput(value)) return true;
  return typeof value === 'string' ? CUT_TEXTS.includes(value.length) : value.length === MOST_ENTRIES;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isOptionalDuration(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && value >= 0 && value < Number.MAX_SAFE_INTEGER);
}

function isAudience(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}
