/** The table of access log fields, from which the reference is generated, against the lines that are written. */

import { expect, test } from 'vitest';
import { buildExceptions, type Exception, listExceptions } from '../../../../src/config/exceptions/exception.ts';
import { OMITTABLE_FIELDS, type OmittableField } from '../../../../src/config/values/access-log.ts';
import type { FinishedRequest } from '../../../../src/telemetry/finished-request.ts';
import { createAccessLineFormat } from '../../../../src/telemetry/log/access-line.ts';
import type { AccessLogField } from '../../../../src/telemetry/log/access-log-field.ts';
import { ACCESS_LOG_FIELDS } from '../../../../src/telemetry/log/access-log-fields.ts';
import { protectedRoute, publicRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';

const route = protectedRoute({ prefix: '/profile', resource: 'https://profile.example/' });
const claims = { sub: 'alice', client_id: 'shop', jti: 'j' };
const verified = exampleToken({ claims });
const idToken = exampleToken({ claims, kind: 'ID' });
const failure = { reason: 'bad_upstream_response', cause: 'malformed_response' } as const;
const tlsFailure = { reason: 'upstream_unreachable', cause: 'tls', tlsError: 'wrong_name' } as const;
const otherFailure = { reason: 'upstream_unreachable', cause: 'other', errorCode: 'EHOSTUNREACH' } as const;

const parse = (
  facts: Partial<FinishedRequest>,
  omit: ReadonlySet<OmittableField> = new Set(),
): Record<string, unknown> => JSON.parse(createAccessLineFormat(omit)(finishedRequest(facts)));
const namesOf = (...present: readonly AccessLogField['present'][]) =>
  ACCESS_LOG_FIELDS.filter(field => present.includes(field.present)).map(({ name }) => name);

const IS_OF_TYPE: Readonly<Record<AccessLogField['type'], (value: unknown) => boolean>> = {
  string: value => typeof value === 'string',
  object: value => typeof value === 'object' && value !== null && !Array.isArray(value),
  'array of strings': value => Array.isArray(value) && value.every(each => typeof each === 'string'),
  integer: Number.isInteger,
  number: Number.isFinite,
  boolean: value => typeof value === 'boolean',
  timestamp: value => typeof value === 'string' && new Date(value).toISOString() === value,
};

const [EXCEPTION] = listExceptions(
  buildExceptions([{ client_id: 'shop', reasons: ['wrong_claim'], until: '2027-01-31', owner: 'team-shop' }]),
) as [Exception];

const EVERYTHING = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  upstream: 'profile:8080',
  unverified: { iss: 'a', kid: 'b', alg: 'c' },
  excused: [{ reason: 'wrong_claim' as const, exception: EXCEPTION }],
  mcp: { messages: [{ method: 'tools/call', target: 'add' }], isBatch: false, refused: undefined },
};

test('a line with a value for each field: exactly the fields of the table, in its order, each of its type', () => {
  const line = parse({
    route,
    outcome: 'failed',
    failure: { ...tlsFailure, ...otherFailure },
    verified: idToken,
    upstreamMs: 3,
    ...EVERYTHING,
    path: `/${'x'.repeat(2_000)}`,
  });
  expect(Object.keys(line)).toEqual(ACCESS_LOG_FIELDS.map(({ name }) => name));
  expect(ACCESS_LOG_FIELDS.filter(({ name, type }) => !IS_OF_TYPE[type](line[name]))).toEqual([]);
});

const VERIFIED = 'the token verified, also where it has expired since';
const TYPED = 'the token verified and has a typ';

test.each<[string, Partial<FinishedRequest>, AccessLogField['present'][]]>([
  ['without a route', {}, []],
  ['on a public route', { route: publicRoute({ prefix: '/status' }) }, []],
  ['on a protected route', { route }, ['on a route that is not public']],
  ['denied', { outcome: 'denied', denial: { reason: 'no_route' } }, ['denied, reported or failed']],
  ['reported', { outcome: 'reported', denial: { reason: 'wrong_audience' } }, ['denied, reported or failed']],
  ['failed', { outcome: 'failed', failure }, ['denied, reported or failed', 'failed']],
  [
    'failed for TLS',
    { outcome: 'failed', failure: tlsFailure },
    ['denied, reported or failed', 'failed', 'failed, and the cause is tls'],
  ],
  [
    'failed for another cause',
    { outcome: 'failed', failure: otherFailure },
    ['denied, reported or failed', 'failed', 'failed, and the cause is other'],
  ],
  ['sent to an upstream', { upstream: '/run/billing.sock' }, ['sent to an upstream']],
  ['with a response of an upstream', { upstreamMs: 0 }, ['sent to an upstream that responded']],
  ['with a token that has no further claims', { verified: exampleToken({ claims: {}, type: undefined }) }, [VERIFIED]],
  ['with a token that has a typ', { verified: exampleToken({ claims: {} }) }, [VERIFIED, TYPED]],
  [
    'with an ID token',
    { verified: exampleToken({ claims: {}, kind: 'ID' }) },
    [VERIFIED, TYPED, 'the token verified and names itself no access token'],
  ],
  ['that is excused', { excused: EVERYTHING.excused }, ['an exception of the route excused something']],
  ['of an MCP client', { mcp: EVERYTHING.mcp }, ['the body of an MCP request was read']],
  ['with a traceparent', { traceId: EVERYTHING.traceId }, ['sent with a valid traceparent']],
  ['with a token that did not verify', { unverified: EVERYTHING.unverified }, ['a token came and did not verify']],
  ['with a token', { verified }, [VERIFIED, TYPED, 'the token verified and has this claim as a string']],
  ['with a value that was cut', { host: 'x'.repeat(2_000) }, ['a value was cut']],
])('a request %s: only the fields whose condition holds', (_, facts, present) => {
  expect(Object.keys(parse(facts)).sort()).toEqual(namesOf('always', ...present).sort());
});

test('the fields that access_log.omit knows: those of the table but level, time, truncated and msg, in its order', () => {
  const names = ACCESS_LOG_FIELDS.map(({ name }) => name);
  expect(OMITTABLE_FIELDS).toEqual(names.filter(name => !['level', 'time', 'truncated', 'msg'].includes(name)));
});

test.each(OMITTABLE_FIELDS)('omit %s: the line is the same without it', name => {
  const facts = {
    route,
    verified: idToken,
    upstreamMs: 3,
    outcome: 'failed',
    failure: { ...tlsFailure, ...otherFailure },
    ...EVERYTHING,
  } as const;
  const long = { ...facts, path: `/${'x'.repeat(2_000)}` };
  const { [name]: gone, time, ...others } = parse(long);
  expect(gone).toBeDefined();
  expect(time).toBeDefined();
  // Where the value that was cut is not in the line, nothing in it was cut.
  if (name === 'path') delete others['truncated'];
  const { time: _, ...line } = parse(long, new Set([name]));
  expect(line).toEqual(others);
});

test('a token that was logged under another omit: logged by the present one', () => {
  const token = exampleToken({ claims });
  expect(parse({ verified: token })).toMatchObject({ sub: 'alice', jti: 'j' });
  expect(parse({ verified: token }, new Set(['sub']))).not.toHaveProperty('sub');
  expect(parse({ verified: token })).toMatchObject({ sub: 'alice', jti: 'j' });
});

test('every field omitted: level, time and msg are left', () => {
  expect(Object.keys(parse({ route, verified, ...EVERYTHING }, new Set(OMITTABLE_FIELDS)))).toEqual([
    'level',
    'time',
    'msg',
  ]);
});

test('unverified: each value is cut at 256 characters, what is absent is left out', () => {
  const line = parse({ unverified: { iss: 'i'.repeat(257), kid: 'k'.repeat(256), alg: undefined } });
  expect(line).toMatchObject({ unverified: { iss: 'i'.repeat(256), kid: 'k'.repeat(256) }, truncated: true });
  expect(Object.keys(line['unverified'] as object)).toEqual(['iss', 'kid']);
});
