import { describe, expect, test } from 'vitest';
import { createFailure, createRefusal } from '../../../src/challenge/refusal.ts';
import { type FailureReason, REFUSALS, type Reason } from '../../../src/denial.ts';
import { REFUSED } from '../../fuzz/oracle.ts';

const requestId = '0b6d1d3e-5f5c-4e8e-9f0a-6f5b8d1f2a3c';
const fieldsOf = (headers: readonly string[]) =>
  Object.fromEntries(headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]]] : [])));

/** The status of each reason, written by hand, so that a change of the table is noticed. */
const STATUS: Readonly<Record<Reason, number>> = {
  malformed_request: 400,
  headers_too_large: 431,
  request_timeout: 408,
  version_not_supported: 505,
  expectation_failed: 417,
  upgrade_required: 426,
  no_route: 404,
  ambiguous_path: 400,
  method_not_allowed: 405,
  missing_token: 401,
  malformed_credentials: 400,
  malformed_token: 401,
  untrusted_issuer: 401,
  unknown_key: 401,
  inactive_token: 401,
  bad_signature: 401,
  revoked_token: 401,
  token_expired: 401,
  token_not_yet_valid: 401,
  wrong_token_type: 401,
  wrong_audience: 401,
  wrong_claim: 403,
  insufficient_scope: 403,
  keys_unavailable: 503,
  origin_not_allowed: 403,
  session_not_found: 404,
  unsupported_media_type: 415,
  mcp_header_mismatch: 400,
  body_too_large: 413,
  overloaded: 503,
  exchange_refused: 403,
  exchange_unavailable: 503,
  internal: 503,
};

const FAILURE_STATUS: Readonly<Record<FailureReason, number>> = {
  upstream_unreachable: 502,
  bad_upstream_response: 502,
  upstream_timeout: 504,
};

describe('a refusal: a problem document (RFC 9457) without text of the client', () => {
  const entries = Object.entries(STATUS) as [Reason, number][];
  test.each(entries.filter(([reason]) => reason !== 'mcp_header_mismatch'))('%s: %d', (reason, status) => {
    const answer = createRefusal(reason, { requestId });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ title: expect.any(String), status, reason, request_id: requestId });
    expect(fieldsOf(answer.headers)).toMatchObject({
      'Content-Type': 'application/problem+json',
      'Content-Length': String(Buffer.byteLength(answer.body)),
      'Cache-Control': 'no-store',
    });
  });

  test('mcp_header_mismatch: 400 with the JSON-RPC error of MCP (2026-07-28, Server Validation)', () => {
    const { status, headers, body } = createRefusal('mcp_header_mismatch', { requestId });
    expect(status).toBe(STATUS.mcp_header_mismatch);
    const error = { code: -32020, message: REFUSALS.mcp_header_mismatch.title };
    expect(JSON.parse(body)).toEqual({ jsonrpc: '2.0', id: null, error });
    expect(fieldsOf(headers)).toEqual({
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
    });
  });

  test('the table: no other reasons', () => {
    expect(Object.keys(REFUSALS).sort()).toEqual(Object.keys(STATUS).sort());
  });

  test('the table of the fuzzer: all but internal, and the failures', () => {
    const { internal: _, ...statuses } = STATUS;
    const expected = { ...statuses, ...FAILURE_STATUS };
    expect(Object.fromEntries(Object.entries(REFUSED).map(([reason, [status]]) => [reason, status]))).toEqual(expected);
  });

  test('titles: one sentence for each reason, none twice', () => {
    const titles = Object.keys(STATUS).map(reason => REFUSALS[reason as Reason].title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^[A-Z][a-z ]+$/);
  });
});

describe('header fields of a refusal', () => {
  test('WWW-Authenticate: the challenge, unchanged', () => {
    const { headers } = createRefusal('wrong_audience', { requestId, challenge: 'Bearer x="y"' });
    expect(fieldsOf(headers)['WWW-Authenticate']).toBe('Bearer x="y"');
    expect(createRefusal('wrong_audience', { requestId }).headers).not.toContain('WWW-Authenticate');
  });

  test('Allow: with 405 only; empty where no method is allowed (RFC 9110 section 10.2.1)', () => {
    expect(fieldsOf(createRefusal('method_not_allowed', { requestId, allow: ['GET', 'HEAD'] }).headers)).toMatchObject({
      Allow: 'GET, HEAD',
    });
    expect(fieldsOf(createRefusal('method_not_allowed', { requestId }).headers)).toMatchObject({ Allow: '' });
    expect(createRefusal('no_route', { requestId, allow: ['GET'] }).headers).not.toContain('Allow');
  });

  test('Retry-After: with keys_unavailable, in whole seconds', () => {
    expect(fieldsOf(createRefusal('keys_unavailable', { requestId }).headers)['Retry-After']).toMatch(/^[1-9]\d*$/);
    expect(createRefusal('bad_signature', { requestId }).headers).not.toContain('Retry-After');
  });

  test('upgrade_required: names the protocol and its version (RFC 9110 section 15.5.22, RFC 6455 section 4.4)', () => {
    const { protocol, headers } = createRefusal('upgrade_required', { requestId });
    expect([protocol, fieldsOf(headers)['Sec-WebSocket-Version']]).toEqual(['websocket', '13']);
    for (const reason of ['malformed_request', 'version_not_supported', 'expectation_failed'] as const) {
      const other = createRefusal(reason, { requestId });
      expect([other.protocol, fieldsOf(other.headers)['Sec-WebSocket-Version']]).toEqual([undefined, undefined]);
    }
  });
});

test.each(Object.entries(FAILURE_STATUS) as [FailureReason, number][])('failure %s: %d', (reason, status) => {
  const answer = createFailure(reason, requestId);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toEqual({ title: expect.any(String), status, reason, request_id: requestId });
});
