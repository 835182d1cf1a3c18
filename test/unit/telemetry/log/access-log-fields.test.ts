/** The table of access log fields, from which the reference is generated, against the lines that are written. */

import { expect, test } from 'vitest';
import type { FinishedRequest } from '../../../../src/telemetry/finished-request.ts';
import { formatAccessLine } from '../../../../src/telemetry/log/access-line.ts';
import { ACCESS_LOG_FIELDS, type AccessLogField } from '../../../../src/telemetry/log/access-log-fields.ts';
import { protectedRoute, publicRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';

const route = protectedRoute({ prefix: '/profile', resource: 'https://profile.example/' });
const claims = { sub: 'alice', client_id: 'shop', jti: 'j' };
const verified = exampleToken({ claims });
const idToken = exampleToken({ claims, kind: 'ID' });
const failure = { reason: 'bad_upstream_response', cause: 'malformed_response' } as const;
const tlsFailure = { reason: 'upstream_unreachable', cause: 'tls', tlsError: 'wrong_name' } as const;

const parse = (facts: Partial<FinishedRequest>): Record<string, unknown> =>
  JSON.parse(formatAccessLine(finishedRequest(facts)));
const namesOf = (...present: readonly AccessLogField['present'][]) =>
  ACCESS_LOG_FIELDS.filter(field => present.includes(field.present)).map(({ name }) => name);

const IS_OF_TYPE: Readonly<Record<AccessLogField['type'], (value: unknown) => boolean>> = {
  string: value => typeof value === 'string',
  'array of strings': value => Array.isArray(value) && value.every(each => typeof each === 'string'),
  integer: Number.isInteger,
  number: Number.isFinite,
  boolean: value => typeof value === 'boolean',
  timestamp: value => typeof value === 'string' && new Date(value).toISOString() === value,
};

test('a line with a value for each field: exactly the fields of the table, in its order, each of its type', () => {
  const line = parse({
    route,
    outcome: 'failed',
    failure: tlsFailure,
    upstream: 'billing:8080',
    verified: idToken,
    upstreamMs: 3,
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
  ['sent to an upstream', { upstream: '/run/billing.sock' }, ['sent to an upstream']],
  ['with a response of an upstream', { upstreamMs: 0 }, ['sent to an upstream that responded']],
  ['with a token that has no further claims', { verified: exampleToken({ claims: {}, type: undefined }) }, [VERIFIED]],
  ['with a token that has a typ', { verified: exampleToken({ claims: {} }) }, [VERIFIED, TYPED]],
  [
    'with an ID token',
    { verified: exampleToken({ claims: {}, kind: 'ID' }) },
    [VERIFIED, TYPED, 'the token verified and names itself no access token'],
  ],
  ['with a token', { verified }, [VERIFIED, TYPED, 'the token verified and has this claim as a string']],
  ['with a value that was cut', { host: 'x'.repeat(2_000) }, ['a value was cut']],
])('a request %s: only the fields whose condition holds', (_, facts, present) => {
  expect(Object.keys(parse(facts)).sort()).toEqual(namesOf('always', ...present).sort());
});
