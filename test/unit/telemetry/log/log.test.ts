import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StoredLines } from '../../../../src/cli/simulate/log/stored-lines.ts';
import type { FinishedRequest } from '../../../../src/telemetry/finished-request.ts';
import { createLog } from '../../../../src/telemetry/log/log.ts';
import { protectedRoute, publicRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';

/** The one line of a request, as text. */
function write(facts: Partial<FinishedRequest>): string {
  const lines: string[] = [];
  createLog({ write: line => lines.push(line), close: async () => undefined }).request(finishedRequest(facts), {
    omit: new Set(),
  });
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

test('a reported denial: every field that applies, and no other', () => {
  const denial = { reason: 'wrong_audience', presented: 'foreign' } as const;
  const facts = { route, outcome: 'reported', denial, verified, upstreamMs: 3.21049, durationMs: 12.34567 } as const;
  expect(parse(facts)).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    level: 'warn',
    msg: 'request',
    request_id: '0b6d1d3e-5f5c-4e8e-9f0a-6f5b8d1f2a3c',
    via: 'proxy',
    client: '192.0.2.7',
    route: '/profile',
    resource: 'https://profile.example/',
    method: 'GET',
    host: 'api.example',
    path: '/a',
    status: 200,
    outcome: 'reported',
    reason: 'wrong_audience',
    enforcement: 'report',
    bytes_in: 0,
    bytes_out: 1_234,
    duration_ms: 12.346,
    upstream_ms: 3.21,
    iss: 'https://login.example',
    sub: 'alice',
    client_id: 'shop',
    aud: ['https://profile.example/', 'x'],
    scope: 'a b',
    jti: 'j',
    typ: 'at+jwt',
    exp: 2_000,
  });
});

describe('level by outcome', () => {
  test.each([
    ['forwarded', 'info'],
    ['reported', 'warn'],
    ['denied', 'warn'],
    ['failed', 'error'],
  ] as const)('%s: %s', (outcome, level) => {
    expect(parse({ outcome })).toMatchObject({ outcome, level });
  });
});

test('a request without route and token, or on a public route: fields without a value are left out', () => {
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

test('a failure: its reason and cause are logged', () => {
  expect(
    parse({ route, outcome: 'failed', failure: { reason: 'upstream_timeout', cause: 'idle_timeout' } }),
  ).toMatchObject({
    reason: 'upstream_timeout',
    cause: 'idle_timeout',
  });
});

test('sub, client_id and jti that are not strings: left out', () => {
  const claims = { sub: { a: 1 }, client_id: 7, jti: ['x'] };
  const line = parse({ route, verified: { ...verified, claims } });
  for (const name of ['sub', 'client_id', 'jti']) expect(Object.keys(line)).not.toContain(name);
});

test('line breaks in path and Host: escaped, so that the line stays one line', () => {
  const line = write({ path: '/a\n{"msg":"forged"}', host: 'a\r\nb' });
  expect(line.trimEnd()).not.toMatch(/[\r\n]/);
});

const NOT_SHOWN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** DEL, C1, line separators, direction marks, the byte order mark, a tag, a lone surrogate. */
const ACTIVE = '\x7f\x85\x9b\u2028\u2029\u061c\u200e\u202e\u2066\ufeff\u{e0041}\ud800';

test('any text of a caller: no control or invisible character in the line, and JSON.parse returns the text', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constant(ACTIVE));
  const holds = fc.property(fc.array(text, { minLength: 8, maxLength: 8 }), texts => {
    const [method = '', host = '', path = '', sub = '', client = '', jti = '', aud = '', scope = ''] = texts;
    const claims = { sub, client_id: `c${client}`, jti };
    const token = { ...verified, claims, audience: [aud], scopes: new Set([scope]) };
    const line = write({ route, method, host, path, verified: token });
    expect(line.slice(0, -1)).not.toMatch(NOT_SHOWN);
    expect(line.at(-1)).toBe('\n');
    const fields = { method, host, path, sub, client_id: `c${client}`, jti, aud: [aud], scope };
    expect(JSON.parse(line)).toMatchObject(fields);
    expect(new StoredLines().read(line.trimEnd())).toMatchObject({
      path,
      host,
      claims: { clientId: `c${client}`, scope },
    });
  });
  fc.assert(holds, { seed: 10, numRuns: 500 });
});

test('a line about the process with such characters: escaped as well', () => {
  const lines: string[] = [];
  const log = createLog({ write: line => lines.push(line), close: async () => undefined });
  log.event('warn', `keys ${ACTIVE}`, { error: ACTIVE, problems: [ACTIVE], [ACTIVE]: { deep: ACTIVE } });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.slice(0, -1)).not.toMatch(NOT_SHOWN);
  expect(lines[0]?.at(-1)).toBe('\n');
  // pino writes a lone surrogate as U+FFFD.
  const whole = ACTIVE.toWellFormed();
  const parsed = JSON.parse((lines[0] ?? '').replaceAll('\\ud800', '\ufffd'));
  expect(parsed).toMatchObject({ msg: `keys ${whole}`, error: whole, problems: [whole], [whole]: { deep: whole } });
});

test.each<[string, Readonly<Record<string, unknown>>, string | undefined]>([
  ['client_id', { azp: 'b', client_id: 'a' }, 'a'],
  ['azp', { appid: 'c', azp: 'b' }, 'b'],
  ['appid', { cid: 'd', appid: 'c' }, 'c'],
  ['cid', { cid: 'd' }, 'd'],
  ['a client_id that is no string: none, even with azp', { client_id: 7, azp: 'b' }, undefined],
  ['an empty client_id: none', { client_id: '', azp: 'b' }, undefined],
])('client_id from %s', (_, claims, client) => {
  expect(parse({ route, verified: { ...verified, claims } })['client_id']).toBe(client);
});

test('values of 100,000 characters and 10,000 audiences: cut', () => {
  const long = 'x'.repeat(100_000);
  const claims = { sub: long, client_id: long, jti: long };
  const audience = Array.from({ length: 10_000 }, () => long);
  const scopes = new Set([long]);
  const line = write({ route, path: `/${long}`, verified: { ...verified, claims, audience, scopes } });
  expect(line.length).toBeLessThan(100_000);
});

test('other claims of the token: not written', () => {
  expect(write({ route, verified })).not.toMatch(/hidden|example\.org/);
});
