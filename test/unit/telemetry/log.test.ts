import { describe, expect, test } from 'vitest';
import type { FinishedRequest } from '../../../src/telemetry/finished-request.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';
import { exampleToken } from '../token/example-token.ts';
import { finishedRequest } from './finished-example.ts';

/** The one line of a request, as text. */
function write(facts: Partial<FinishedRequest>): string {
  const lines: string[] = [];
  createLog({ write: line => lines.push(line), close: async () => undefined }).request(finishedRequest(facts));
  expect(lines).toHaveLength(1);
  return lines.join('');
}

const parse = (facts: Partial<FinishedRequest>): Record<string, unknown> => JSON.parse(write(facts));

const route = protectedRoute({ prefix: '/profile', resource: 'https://profile.example/', enforcement: 'report' });
const verified = exampleToken({
  audience: ['https://profile.example/', 'x'],
  scopes: new Set(['a', 'b']),
  expiresAt: 2_000,
  claims: { sub: 'alice', client_id: 'shop', jti: 'j', email: 'alice@example.org', secret: 'hidden' },
});

test('every field of contract section 6, and no other', () => {
  const denial = { reason: 'wrong_audience', presented: 'foreign' } as const;
  const facts = { route, outcome: 'reported', denial, verified, upstreamMs: 3.21049, durationMs: 12.34567 } as const;
  expect(parse(facts)).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    level: 'warn',
    msg: 'request',
    request_id: '0b6d1d3e-5f5c-4e8e-9f0a-6f5b8d1f2a3c',
    route: '/profile',
    resource: 'https://profile.example/',
    method: 'GET',
    host: 'api.example',
    path: '/a',
    status: 200,
    outcome: 'reported',
    reason: 'wrong_audience',
    enforcement: 'report',
    duration_ms: 12.346,
    upstream_ms: 3.21,
    iss: 'https://login.example',
    sub: 'alice',
    client_id: 'shop',
    aud: ['https://profile.example/', 'x'],
    scope: 'a b',
    jti: 'j',
    exp: 2_000,
  });
});

describe('the level says whether somebody should look', () => {
  test.each([
    ['forwarded', 'info'],
    ['reported', 'warn'],
    ['denied', 'warn'],
    ['failed', 'error'],
  ] as const)('%s: %s', (outcome, level) => {
    expect(parse({ outcome })).toMatchObject({ outcome, level });
  });
});

test('what there is not is left out', () => {
  expect(Object.keys(parse({}))).toEqual(
    expect.not.arrayContaining([
      'resource',
      'reason',
      'enforcement',
      'upstream_ms',
      'iss',
      'sub',
      'aud',
      'scope',
      'exp',
    ]),
  );
  expect(parse({})).toMatchObject({ route: '(none)' });
  expect(Object.keys(parse({ route: publicRoute({ prefix: '/status' }) }))).not.toContain('resource');
});

test('a failure is its own reason', () => {
  expect(
    parse({ route, outcome: 'failed', failure: { reason: 'upstream_timeout', cause: 'idle_timeout' } }),
  ).toMatchObject({
    reason: 'upstream_timeout',
    cause: 'idle_timeout',
  });
});

test('a claim of another shape is not written', () => {
  const claims = { sub: { a: 1 }, client_id: 7, jti: ['x'] };
  const line = parse({ route, verified: { ...verified, claims } });
  for (const name of ['sub', 'client_id', 'jti']) expect(Object.keys(line)).not.toContain(name);
});

test('a line is one line, whatever is in it', () => {
  const line = write({ path: '/a\n{"msg":"forged"}', host: 'a\r\nb' });
  expect(line.trimEnd()).not.toMatch(/[\r\n]/);
});

test('what a caller made long to fill the log is cut', () => {
  const long = 'x'.repeat(100_000);
  const claims = { sub: long, client_id: long, jti: long };
  const audience = Array.from({ length: 10_000 }, () => long);
  const scopes = new Set([long]);
  const line = write({ route, path: `/${long}`, verified: { ...verified, claims, audience, scopes } });
  expect(line.length).toBeLessThan(100_000);
});

test('other claims than those of the contract are never written', () => {
  expect(write({ route, verified })).not.toMatch(/hidden|example\.org/);
});
