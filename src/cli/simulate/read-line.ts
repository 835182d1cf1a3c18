/** The JSON object of one line → what it tells, checked field by field. */

import { LONGEST_TEXT, MOST_AUDIENCES } from '../../telemetry/log/access-line.ts';
import { CUT_TEXTS, MOST_ENTRIES } from '../../telemetry/log/shared-output.ts';
import { isOutcome, type LoggedClaims, type LogLine } from './log-line.ts';

/** `skipped`: a line that tells of no request. `broken`: no JSON object, or not the fields that a request's line has. */
export type ReadLine = LogLine | 'skipped' | 'broken';

export type Fields = Readonly<Record<string, unknown>>;

/** @returns the object that `text` is, or `undefined`. Never throws: whoever wrote it may not have been audgate. */
export function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** @param fields of one line; any of them may be anything. */
export function readLogLine(fields: Fields): ReadLine {
  return fields['msg'] === 'request' ? (readRequest(fields) ?? 'broken') : 'skipped';
}

function readRequest(fields: Fields): LogLine | undefined {
  const { route, method, host, path, outcome, reason, resource, enforcement, duration_ms: durationMs = 0 } = fields;
  const time = isText(fields['time']) ? Date.parse(fields['time']) : Number.NaN;
  if (Number.isNaN(time) || !isDuration(durationMs)) return undefined;
  if (!isText(route) || !isText(method) || !isText(host) || !isText(path)) return undefined;
  if (!isOutcome(outcome) || !isOptionalText(reason)) return undefined;
  if (!isOptionalText(resource) || !isOptionalText(enforcement)) return undefined;
  const mayBeCut = isMarked(fields) ? mayBeCutShort : mayBeCutLong;
  const claims = fields['iss'] === undefined ? undefined : readClaims(fields, mayBeCut);
  if (claims === null) return undefined;
  const requestId = isText(fields['request_id']) ? fields['request_id'] : '';
  const isPathCut = mayBeCut(path);
  const isCut = [route, resource, method, host].some(text => text !== undefined && mayBeCut(text));
  const decided = { outcome, reason, enforcement, claims };
  return { time, durationMs, requestId, route, resource, method, host, path, isPathCut, isCut, ...decided };
}

/** @returns `null` where a claim is not what a verified token has. */
function readClaims({ iss, aud, scope, exp, client_id }: Fields, mayBeCut: MayBeCut): LoggedClaims | null {
  if (!isText(iss) || !isAudience(aud) || typeof exp !== 'number') return null;
  if (!isOptionalText(scope) || !isOptionalText(client_id)) return null;
  const isCut = mayBeCut(aud) || mayBeCut(iss) || mayBeCut(scope ?? '') || aud.some(mayBeCut);
  return { issuer: iss, audience: aud, scope: scope ?? '', expiresAt: exp, clientId: client_id, isCut };
}

type MayBeCut = (value: string | readonly string[]) => boolean;

/** Whether the line says that something in it was cut; a mark that we would not write is taken for one. */
function isMarked({ truncated = false }: Fields): boolean {
  return truncated !== false;
}

/** As the access log cuts, marked or not: versions that did not mark it did so, too. */
function mayBeCutLong(value: string | readonly string[]): boolean {
  return value.length >= (typeof value === 'string' ? LONGEST_TEXT : MOST_AUDIENCES);
}

/** What is cut has exactly the length that is left of it. */
function mayBeCutShort(value: string | readonly string[]): boolean {
  if (mayBeCutLong(value)) return true;
  return typeof value === 'string' ? CUT_TEXTS.includes(value.length) : value.length === MOST_ENTRIES;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.MAX_SAFE_INTEGER;
}

function isAudience(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}
