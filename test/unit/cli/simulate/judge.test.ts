import { describe, expect, test } from 'vitest';
import { protectedRoute, publicRoute } from '../../route/example-route.ts';
import { exampleConfig, judge, type LineFields, unverified } from './example-line.ts';

const route = protectedRoute({ prefix: '/a' });
const other = protectedRoute({ prefix: '/b', resource: 'https://b.example/' });
const enforce = exampleConfig([route, other]);
const report = exampleConfig([{ ...route, enforcement: 'report' }, other]);
const verify = exampleConfig([{ ...route, enforcement: 'verify' }, other]);

const three = (cause: string) => [cause, cause, cause] as const;

const wrongAudience = { outcome: 'reported', reason: 'wrong_audience', aud: ['https://b.example/'] };

test.each<[string, LineFields, string, string, string]>([
  // What is replayed                                              under report, verify, enforce
  ['a right token', {}, 'unchanged', 'unchanged', 'unchanged'],
  ['a sibling’s', wrongAudience, 'unchanged', 'unchanged', 'would_break: denied wrong_audience'],
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
    'an unnamed issuer’s',
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
    'one that had been denied',
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
    'too large a body, another audience',
    { outcome: 'denied', reason: 'overloaded', enforcement: 'enforce', aud: ['x'] },
    'unchanged',
    'unchanged',
    'otherwise: denied wrong_audience',
  ],
  ['a client that left', { status: 499 }, 'unchanged', 'unchanged', 'unchanged'],
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
    'once public',
    unverified({ resource: undefined, enforcement: undefined, outcome: 'forwarded' }),
    'token_not_read',
    'token_not_read',
    'token_not_read',
  ],
  [
    'a route that is gone',
    { path: '/gone' },
    'would_break: denied no_route',
    'would_break: denied no_route',
    'would_break: denied no_route',
  ],
  [
    'dots',
    unverified({ route: '(none)', path: '/a/../b', outcome: 'denied', reason: 'ambiguous_path' }),
    'unchanged',
    'unchanged',
    'unchanged',
  ],
  ['a path cut', { path: `/a/${'x'.repeat(1021)}` }, 'path_cut', 'path_cut', 'path_cut'],
  ['64 audiences', { aud: Array(64).fill('https://api.example/') }, 'claims_cut', 'claims_cut', 'claims_cut'],
  ['an audience cut', { aud: ['x'.repeat(1024)] }, 'claims_cut', 'claims_cut', 'claims_cut'],
  ...[512, 128, 32, 8].flatMap((length): [string, LineFields, string, string, string][] => [
    [`a path cut at ${length}`, { path: '/a/'.padEnd(length, 'x'), truncated: true }, ...three('path_cut')],
    [`scopes cut at ${length}`, { scope: 'read '.padEnd(length, 'x'), truncated: true }, ...three('claims_cut')],
    [`an audience cut at ${length}`, { aud: ['x'.repeat(length)], truncated: true }, ...three('claims_cut')],
    [`a Host cut at ${length}`, { host: 'a'.repeat(length), truncated: true }, ...three('line_cut')],
  ]),
  ['8 audiences of more', { aud: Array(8).fill('https://api.example/'), truncated: true }, ...three('claims_cut')],
  ['8 audiences of a line that is whole', { aud: Array(8).fill('https://api.example/') }, ...three('unchanged')],
  [
    'a mark that we do not write',
    { aud: Array(8).fill('https://api.example/'), truncated: 'no' },
    ...three('claims_cut'),
  ],
  ['a line cut where it does not matter', { sub: 'x'.repeat(512), truncated: true }, ...three('unchanged')],
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
  expect([judge(report, fields), judge(verify, fields), judge(enforce, fields)]).toEqual([
    onReport,
    onVerify,
    onEnforce,
  ]);
});

test('an alias, a scope, a method, a public route: each is judged anew', () => {
  const alias = exampleConfig([{ ...route, audiences: new Set(['https://api.example/', 'old']) }]);
  expect(judge(alias, { ...wrongAudience, aud: ['old'] })).toBe('no_longer_reported: forwarded');
  const scoped = exampleConfig([{ ...route, scopeRules: [{ method: 'GET', path: '/', scopes: ['admin'] }] }]);
  expect(judge(scoped, {})).toBe('would_break: denied insufficient_scope');
  expect(judge(scoped, { scope: 'read admin' })).toBe('unchanged');
  const denied = unverified({ reason: 'untrusted_issuer', outcome: 'denied' });
  expect(judge(scoped, { ...denied, method: 'PUT' })).toBe('otherwise: denied method_not_allowed');
  expect(judge(exampleConfig([publicRoute({ prefix: '/a' })]), denied)).toBe('would_open: forwarded');
});

test('a token is judged at the time of its request, not of the end of its answer, and not now', () => {
  const exp = Date.parse('2026-11-20T09:30:00Z') / 1000;
  expect(judge(enforce, { exp, duration_ms: 3_600_000 })).toBe('unchanged');
  expect(judge(enforce, { exp, duration_ms: 1_000 })).toBe('would_break: denied token_expired');
});

describe('a path that two servers could read differently', () => {
  const open = exampleConfig([protectedRoute({ prefix: '/a', allowEncoded: new Set([';']) })]);
  const free = exampleConfig([publicRoute({ prefix: '/a', allowEncoded: new Set([';']) })]);
  const nested = exampleConfig([...open.routes, publicRoute({ prefix: '/a/b' })]);
  const tolerant = exampleConfig([{ ...route, enforcement: 'report' }, publicRoute({ prefix: '/c' })]);
  const denied = unverified({ route: '(none)', path: '/a/1;v/2', outcome: 'denied', reason: 'ambiguous_path' });
  const reported = { path: '/a/1;v/2', outcome: 'reported', reason: 'ambiguous_path' };
  const masked = { path: '/a/1;v=\u2026' };

  test.each([
    ['nothing opens it: it stays ambiguous', enforce, denied, 'unchanged'],
    ['a protected route opens it: no token was read', open, denied, 'token_not_read'],
    ['a public route opens it', free, denied, 'would_open: forwarded'],
    ['every route is on report: from now on reported', tolerant, denied, 'would_open: reported ambiguous_path'],
    ['reported, and still on report', tolerant, reported, 'unchanged'],
    [
      'reported, and another route to the upstream enforces from now on',
      report,
      reported,
      'would_break: denied ambiguous_path',
    ],
    ['reported, and enforced from now on', enforce, reported, 'would_break: denied ambiguous_path'],
    ['reported without a token, and still on report', tolerant, unverified(reported), 'unchanged'],
    ['reported for its dots', tolerant, { ...reported, path: '/a/../b' }, 'unchanged'],
    ['let pass so far, closed from now on', enforce, { path: '/a/1;v/2' }, 'would_break: denied ambiguous_path'],
    [
      'let pass so far, reported from now on',
      tolerant,
      { path: '/a/1;v/2' },
      'newly_reported: reported ambiguous_path',
    ],
    ['masked, closed from now on', enforce, masked, 'would_break: denied ambiguous_path'],
    ['masked, and which encodings were open is not known', open, masked, 'path_cut'],
    ['masked, and another route lies below', nested, masked, 'path_cut'],
  ])('%s', (_name, config, fields, expected) => {
    expect(judge(config, fields)).toBe(expected);
  });
});

test('a typ that the log does not hold decides only where it could', () => {
  const both = exampleConfig([route], ['at+jwt', 'jwt']);
  expect(judge(both, { outcome: 'reported', reason: 'wrong_token_type' })).toBe('token_type_not_logged');
  expect(judge(enforce, { outcome: 'reported', reason: 'method_not_allowed' })).toBe('token_type_not_logged');
  expect(judge(both, {})).toBe('unchanged');
});

test('metadata is served by its path; where a query could have followed, nobody knows', () => {
  const path = '/.well-known/oauth-protected-resource';
  const served = unverified({
    route: '(none)',
    resource: undefined,
    enforcement: undefined,
    outcome: 'forwarded',
    path,
  });
  expect(judge(enforce, served)).toBe('unchanged');
  expect(judge(exampleConfig([other]), { ...served, path: `${path}/gone` })).toBe('would_break: denied no_route');
  expect(judge(enforce, { ...served, method: 'PUT', outcome: 'denied', reason: 'method_not_allowed' })).toBe(
    'unchanged',
  );
  expect(judge(enforce, { ...served, outcome: 'denied', reason: 'no_route' })).toBe('query_not_logged');
});
