import { describe, expect, test } from 'vitest';
import type { Config } from '../../../../../src/config/config.ts';
import { buildExceptions } from '../../../../../src/config/exceptions/exception.ts';
import { protectedRoute, publicRoute } from '../../../route/example-route.ts';
import { type EntryFields, exampleConfig, replayOne, unverified } from '../example-entry.ts';

const route = protectedRoute({ prefix: '/a' });
const other = protectedRoute({ prefix: '/b', resource: 'https://b.example/' });
const enforce = exampleConfig([route, other]);
const report = exampleConfig([{ ...route, enforcement: 'report' }, other]);
const verify = exampleConfig([{ ...route, enforcement: 'verify' }, other]);

const three = (cause: string) => [cause, cause, cause] as const;

const wrongAudience = { outcome: 'reported', reason: 'wrong_audience', aud: ['https://b.example/'] };

test.each<[string, EntryFields, string, string, string]>([
  // The entry, and the decision under report, verify, enforce
  ['a valid token', {}, 'unchanged', 'unchanged', 'unchanged'],
  ['a token of a sibling', wrongAudience, 'unchanged', 'unchanged', 'would_break: denied wrong_audience'],
  [
    'no token',
    unverified({ reason: 'missing_token' }),
    'unchanged',
    'would_break: denied missing_token',
    'would_break: denied missing_token',
  ],
  [
    'a forged token',
    unverified({ reason: 'bad_signature' }),
    'unchanged',
    'would_break: denied bad_signature',
    'would_break: denied bad_signature',
  ],
  [
    'a token of an untrusted issuer',
    unverified({ reason: 'untrusted_issuer' }),
    'issuer_not_logged',
    'issuer_not_logged',
    'issuer_not_logged',
  ],
  [
    'another typ',
    { outcome: 'reported', reason: 'wrong_token_type' },
    'unchanged',
    'unchanged',
    'would_break: denied wrong_token_type',
  ],
  [
    'a denied request',
    { outcome: 'denied', reason: 'wrong_audience', aud: ['x'], enforcement: 'enforce' },
    'would_open: reported wrong_audience',
    'would_open: reported wrong_audience',
    'unchanged',
  ],
  [
    'a failed upstream',
    { outcome: 'failed', reason: 'upstream_timeout', enforcement: 'enforce' },
    'unchanged',
    'unchanged',
    'unchanged',
  ],
  [
    'a failed upstream, another audience',
    { outcome: 'failed', reason: 'upstream_timeout', enforcement: 'enforce', aud: [] },
    'unchanged',
    'unchanged',
    'would_break: denied wrong_audience',
  ],
  [
    'a failed upstream, no claims',
    unverified({ outcome: 'failed', reason: 'upstream_unreachable' }),
    'token_reason_not_logged',
    'token_reason_not_logged',
    'token_reason_not_logged',
  ],
  [
    'too large a body',
    { outcome: 'denied', reason: 'body_too_large', enforcement: 'enforce' },
    'unchanged',
    'unchanged',
    'unchanged',
  ],
  [
    'overloaded, another audience',
    { outcome: 'denied', reason: 'overloaded', enforcement: 'enforce', aud: ['x'] },
    'unchanged',
    'unchanged',
    'otherwise: denied wrong_audience',
  ],
  ['a client that closed its connection', { status: 499 }, 'unchanged', 'unchanged', 'unchanged'],
  [
    'a malformed request',
    unverified({ route: '(none)', host: '', path: '', outcome: 'denied', reason: 'malformed_request' }),
    'unchanged',
    'unchanged',
    'unchanged',
  ],
  ['a fault', unverified({ outcome: 'denied', reason: 'internal' }), 'fault', 'fault', 'fault'],
  [
    'no route',
    unverified({ route: '(none)', path: '/x', outcome: 'denied', reason: 'no_route' }),
    'unchanged',
    'unchanged',
    'unchanged',
  ],
  [
    'OPTIONS *',
    unverified({ route: '(none)', path: '', method: 'OPTIONS', outcome: 'denied', reason: 'no_route' }),
    'unchanged',
    'unchanged',
    'unchanged',
  ],
  [
    'a new route',
    unverified({ route: '(none)', path: '/a', outcome: 'denied', reason: 'no_route' }),
    'token_not_read',
    'token_not_read',
    'token_not_read',
  ],
  [
    'a route that was public',
    unverified({ resource: undefined, enforcement: undefined, outcome: 'forwarded' }),
    'token_not_read',
    'token_not_read',
    'token_not_read',
  ],
  [
    'a route that was removed',
    { path: '/gone' },
    'would_break: denied no_route',
    'would_break: denied no_route',
    'would_break: denied no_route',
  ],
  [
    'a dot segment',
    unverified({ route: '(none)', path: '/a/../b', outcome: 'denied', reason: 'ambiguous_path' }),
    'unchanged',
    'unchanged',
    'unchanged',
  ],
  ['a truncated path', { path: `/a/${'x'.repeat(1021)}` }, 'path_cut', 'path_cut', 'path_cut'],
  ['64 audiences', { aud: Array(64).fill('https://api.example/') }, 'claims_cut', 'claims_cut', 'claims_cut'],
  ['a truncated audience', { aud: ['x'.repeat(1024)] }, 'claims_cut', 'claims_cut', 'claims_cut'],
  ...[512, 128, 32, 8].flatMap((length): [string, EntryFields, string, string, string][] => [
    [`a path truncated at ${length}`, { path: '/a/'.padEnd(length, 'x'), truncated: true }, ...three('path_cut')],
    [`scopes truncated at ${length}`, { scope: 'read '.padEnd(length, 'x'), truncated: true }, ...three('claims_cut')],
    [`an audience truncated at ${length}`, { aud: ['x'.repeat(length)], truncated: true }, ...three('claims_cut')],
    [`a Host truncated at ${length}`, { host: 'a'.repeat(length), truncated: true }, ...three('line_cut')],
  ]),
  ['8 audiences, truncated', { aud: Array(8).fill('https://api.example/'), truncated: true }, ...three('claims_cut')],
  ['8 audiences, not truncated', { aud: Array(8).fill('https://api.example/') }, ...three('unchanged')],
  [
    'a value of truncated that audgate never writes',
    { aud: Array(8).fill('https://api.example/'), truncated: 'no' },
    ...three('claims_cut'),
  ],
  ['an entry truncated in sub only', { sub: 'x'.repeat(512), truncated: true }, ...three('unchanged')],
  ['a reason of another version', { outcome: 'denied', reason: 'toString' }, 'unfamiliar', 'unfamiliar', 'unfamiliar'],
  [
    'the same route by another key',
    { route: '/old', resource: 'https://api.example/' },
    'unchanged',
    'unchanged',
    'unchanged',
  ],
  [
    'another route, another resource',
    { route: '/old', resource: 'https://old.example/' },
    'otherwise: forwarded',
    'otherwise: forwarded',
    'otherwise: forwarded',
  ],
])('%s', (_name, fields, onReport, onVerify, onEnforce) => {
  expect([replayOne(report, fields), replayOne(verify, fields), replayOne(enforce, fields)]).toEqual([
    onReport,
    onVerify,
    onEnforce,
  ]);
});

test('an alias, a scope rule, a method or a public route in the new configuration: decided anew', () => {
  const alias = exampleConfig([{ ...route, audiences: new Set(['https://api.example/', 'old']) }]);
  expect(replayOne(alias, { ...wrongAudience, aud: ['old'] })).toBe('no_longer_reported: forwarded');
  const scoped = exampleConfig([{ ...route, scopeRules: [{ method: 'GET', path: '/', scopes: ['admin'] }] }]);
  expect(replayOne(scoped, {})).toBe('would_break: denied insufficient_scope');
  expect(replayOne(scoped, { scope: 'read admin' })).toBe('unchanged');
  const denied = unverified({ reason: 'untrusted_issuer', outcome: 'denied' });
  expect(replayOne(scoped, { ...denied, method: 'PUT' })).toBe('otherwise: denied method_not_allowed');
  expect(replayOne(exampleConfig([publicRoute({ prefix: '/a' })]), denied)).toBe('would_open: forwarded');
});

test('expiry: checked at the start of the request, not at the end of its response and not now', () => {
  const exp = Date.parse('2026-11-20T09:30:00Z') / 1000;
  expect(replayOne(enforce, { exp, duration_ms: 3_600_000 })).toBe('unchanged');
  expect(replayOne(enforce, { exp, duration_ms: 1_000 })).toBe('would_break: denied token_expired');
});

describe('a path with several readings', () => {
  const open = exampleConfig([protectedRoute({ prefix: '/a', allowEncoded: new Set([';']) })]);
  const free = exampleConfig([publicRoute({ prefix: '/a', allowEncoded: new Set([';']) })]);
  const nested = exampleConfig([...open.routes, publicRoute({ prefix: '/a/b' })]);
  const tolerant = exampleConfig([{ ...route, enforcement: 'report' }, publicRoute({ prefix: '/c' })]);
  const denied = unverified({ route: '(none)', path: '/a/1;v/2', outcome: 'denied', reason: 'ambiguous_path' });
  const reported = { path: '/a/1;v/2', outcome: 'reported', reason: 'ambiguous_path' };
  const masked = { path: '/a/1;v=\u2026' };

  test.each([
    ['no route allows it: still ambiguous', enforce, denied, 'unchanged'],
    ['a protected route allows it: no token was read', open, denied, 'token_not_read'],
    ['a public route allows it', free, denied, 'would_open: forwarded'],
    ['every route is on report: reported now', tolerant, denied, 'would_open: reported ambiguous_path'],
    ['reported, and still on report', tolerant, reported, 'unchanged'],
    [
      'reported, and another route to the upstream enforces now',
      report,
      reported,
      'would_break: denied ambiguous_path',
    ],
    ['reported, and enforced now', enforce, reported, 'would_break: denied ambiguous_path'],
    ['reported without a token, and still on report', tolerant, unverified(reported), 'unchanged'],
    ['reported for its dots', tolerant, { ...reported, path: '/a/../b' }, 'unchanged'],
    ['allowed in the log, not allowed now', enforce, { path: '/a/1;v/2' }, 'would_break: denied ambiguous_path'],
    ['allowed in the log, reported now', tolerant, { path: '/a/1;v/2' }, 'newly_reported: reported ambiguous_path'],
    ['masked, not allowed now', enforce, masked, 'would_break: denied ambiguous_path'],
    ['masked, and the allowed encodings of the log are unknown', open, masked, 'path_cut'],
    ['masked, and another route lies below', nested, masked, 'path_cut'],
  ])('%s', (_name, config, fields, expected) => {
    expect(replayOne(config, fields)).toBe(expected);
  });
});

test('a typ that is not logged: unknown only where it could decide', () => {
  const both = exampleConfig([route], ['at+jwt', 'jwt']);
  expect(replayOne(both, { outcome: 'reported', reason: 'wrong_token_type' })).toBe('token_type_not_logged');
  expect(replayOne(enforce, { outcome: 'reported', reason: 'method_not_allowed' })).toBe('token_type_not_logged');
  expect(replayOne(both, {})).toBe('unchanged');
});

test('metadata: found by its path; unknown where a query could have followed', () => {
  const path = '/.well-known/oauth-protected-resource';
  const served = unverified({
    route: '(none)',
    resource: undefined,
    enforcement: undefined,
    outcome: 'forwarded',
    path,
  });
  expect(replayOne(enforce, served)).toBe('unchanged');
  expect(replayOne(exampleConfig([other]), { ...served, path: `${path}/gone` })).toBe('would_break: denied no_route');
  expect(replayOne(enforce, { ...served, method: 'PUT', outcome: 'denied', reason: 'method_not_allowed' })).toBe(
    'unchanged',
  );
  expect(replayOne(enforce, { ...served, method: 'OPTIONS', status: 204 })).toBe('unchanged');
  expect(replayOne(enforce, { ...served, outcome: 'denied', reason: 'no_route' })).toBe('query_not_logged');
});

describe('a preflight that the gateway answered', () => {
  const cors = {
    origins: new Set(['https://app.example']),
    methods: ['*'],
    headers: [],
    headerPrefix: undefined,
    expose: [],
    credentials: false,
    maxAge: 600,
  };
  const answered = unverified({
    ...{ method: 'OPTIONS', status: 204, outcome: 'forwarded', upstream_ms: undefined, enforcement: 'enforce' },
  });

  test.each([
    ['a route with cors', exampleConfig([{ ...route, cors }]), answered, 'unchanged'],
    ['the same route without', enforce, answered, 'would_break: denied missing_token'],
    ['the same route, public', exampleConfig([publicRoute({ prefix: '/a' })]), answered, 'unchanged'],
    ['a path without a route', exampleConfig([{ ...other, cors }]), answered, 'would_break: denied no_route'],
    [
      'what the upstream answered to OPTIONS: no preflight',
      exampleConfig([{ ...route, cors }]),
      { ...answered, upstream_ms: 3 },
      'token_reason_not_logged',
    ],
  ])('%s', (_name, config, fields, expected) => {
    expect(replayOne(config, fields)).toBe(expected);
  });
});

describe('exceptions', () => {
  const until = (day: string, fields: object = {}) =>
    exampleConfig([
      {
        ...route,
        exceptions: buildExceptions([
          { client_id: 'shop', reasons: ['wrong_audience'], until: day, owner: 'TODO', ...fields },
        ]),
      },
      other,
    ]);

  test.each<[string, EntryFields, Config, string]>([
    ['its client', wrongAudience, until('2026-11-20'), 'unchanged'],
    ['its client, after the last day', wrongAudience, until('2026-11-19'), 'would_break: denied wrong_audience'],
    [
      'its client, of a request that began on the last day',
      { ...wrongAudience, time: '2026-11-20T00:00:01.000Z', duration_ms: 2_000 },
      until('2026-11-19'),
      'unchanged',
    ],
    [
      'its client, refused when the exception lapsed before there was a response',
      {
        ...wrongAudience,
        time: '2026-11-20T00:00:00.007Z',
        duration_ms: 3_769,
        outcome: 'denied',
        enforcement: 'enforce',
      },
      until('2026-11-19'),
      'unchanged',
    ],
    [
      'another client',
      { ...wrongAudience, client_id: 'web' },
      until('2026-11-20'),
      'would_break: denied wrong_audience',
    ],
    [
      'no client',
      { ...wrongAudience, client_id: undefined },
      until('2026-11-20'),
      'would_break: denied wrong_audience',
    ],
    [
      'a client that the log has cut',
      { ...wrongAudience, client_id: 'x'.repeat(1_024) },
      until('2026-11-20'),
      'claims_cut',
    ],
    [
      'a request that was denied',
      { ...wrongAudience, outcome: 'denied', enforcement: 'enforce' },
      until('2026-11-20'),
      'would_open: reported wrong_audience',
    ],
    [
      'a line with the exception, without it',
      { ...wrongAudience, enforcement: 'enforce', exception: 'shop' },
      enforce,
      'would_break: denied wrong_audience',
    ],
    [
      'a failed request that the exception let in, where a claim is required',
      { outcome: 'failed', reason: 'upstream_timeout', enforcement: 'enforce', exception: 'shop', typ: 'at+jwt' },
      exampleConfig([
        { ...route, requiredClaims: [{ path: { text: 'tid', steps: ['tid'] }, values: new Set(['one']) }] },
        other,
      ]),
      'claim_not_logged',
    ],
  ])('%s', (_name, entry, config, expected) => {
    expect(replayOne(config, entry)).toBe(expected);
  });

  test('a log without client_id: unknown where an exception may be its client’s', () => {
    const config = { ...until('2026-11-20'), accessLog: { omit: new Set(['client_id'] as const) } };
    expect(replayOne(config, { ...wrongAudience, client_id: undefined })).toBe('field_omitted');
    expect(replayOne(config, { client_id: undefined })).toBe('unchanged');
  });

  test('a line that an exception excused, without client_id: unknown, since only a token with a client is excused', () => {
    const line = { ...wrongAudience, client_id: undefined, exception: 'shop' };
    expect(replayOne(until('2027-01-31'), line)).toBe('field_omitted');
  });
});

describe('a line with claims whose token was refused for what they do not show', () => {
  test.each(['bad_signature', 'unknown_key', 'missing_token', 'token_not_yet_valid'])(
    '%s: refused for that',
    reason => {
      expect(replayOne(enforce, { ...wrongAudience, reason })).toBe(`would_break: denied ${reason}`);
    },
  );
});
