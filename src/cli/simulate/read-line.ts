/** The text of one line → what it tells, checked field by field. */

import { isOutcome, type LoggedClaims, type LogLine } from './log-line.ts';
import { readPlainLine } from './plain-line.ts';

/** `skipped`: a line that tells of no request. `broken`: no JSON object, or not the fields that a request's line has. */
export type ReadLine = LogLine | 'skipped' | 'broken';

/** @param text one line, without its end. Never throws: whoever wrote it may not have been audgate. */
export function readLogLine(text: string): ReadLine {
  const plain = readPlainLine(text);
  if (plain) return plain;
  const fields = parseObject(text);
  if (fields === undefined) return 'broken';
  return fields['msg'] === 'request' ? (readRequest(fields) ?? 'broken') : 'skipped';
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readRequest(fields: Fields): LogLine | undefined {
  const { route, method, host, path, outcome, reason, resource, enforcement } = fields;
  const time = typeof fields['time'] === 'string' ? Date.parse(fields['time']) : Number.NaN;
  if (Number.isNaN(time) || !isText(route) || !isText(method) || !isText(host) || !isText(path)) return undefined;
  if (!isOutcome(outcome) || !isOptionalText(reason)) return undefined;
  if (!isOptionalText(resource) || !isOptionalText(enforcement)) return undefined;
  const claims = fields['iss'] === undefined ? undefined : readClaims(fields);
  if (claims === null) return undefined;
  const durationMs = Number(fields['duration_ms'] ?? 0) || 0;
  const requestId = isText(fields['request_id']) ? fields['request_id'] : '';
  return { time, durationMs, requestId, route, resource, enforcement, method, host, path, outcome, reason, claims };
}

/** @returns `null` where a claim is not what a verified token has. */
function readClaims({ iss, aud, scope, exp, client_id }: Fields): LoggedClaims | null {
  if (!isText(iss) || !isAudience(aud) || typeof exp !== 'number') return null;
  return {
    issuer: iss,
    audience: aud,
    scope: isText(scope) ? scope : '',
    expiresAt: exp,
    clientId: isText(client_id) ? client_id : undefined,
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isAudience(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}
