import { describe, expect, test } from 'vitest';
import { matchSentPath } from '../../../src/authorizer/sent-path.ts';
import { createRouteTable, matchRequest } from '../../../src/route/match.ts';
import { readRequestHead } from '../../../src/route/request-head.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';

const rule = (method: string, path: string, ...scopes: string[]) => ({ method, path, scopes });
const ROUTES = [
  protectedRoute({ key: '/', prefix: '/' }),
  protectedRoute({ key: '/a', prefix: '/a', scopeRules: [rule('*', '/', 'a'), rule('*', '/admin', 'admin')] }),
  protectedRoute({ key: '/one', prefix: '/one', scopeRules: [rule('*', '/', 'one')] }),
  protectedRoute({
    key: '/slash',
    prefix: '/slash',
    allowEncoded: new Set(['%2F']),
    scopeRules: [rule('*', '/', 's'), rule('*', '/x/y', 't')],
  }),
  protectedRoute({ key: '/report', prefix: '/report', enforcement: 'report' }),
  protectedRoute({ key: '/caf%C3%A9', prefix: '/caf%C3%A9' }),
  protectedRoute({ key: '/two%20words', prefix: '/two%20words' }),
  protectedRoute({ key: 'host.example/b', host: 'host.example', prefix: '/b' }),
];
const table = createRouteTable(ROUTES);

function match(target: string, host = 'front.example', routes = table): string {
  const sent = {
    method: 'GET',
    target,
    version: '1.1',
    fields: ['Host', host],
    body: 'none',
    expects: 'nothing',
  } as const;
  const head = readRequestHead(sent);
  if (!head.ok) return head.reason;
  const found = matchSentPath(routes, head);
  return found.ok ? found.route.key : found.reason;
}

describe('one reading: its route', () => {
  test.each([
    ['/a', '/a'],
    ['/a/x?q=%2e%2e/', '/a'],
    ['/a/~x/%40', '/a'],
    ['/one/%7Ex', '/one'],
    ['/one/%61', '/one'],
    ['/a/x%20y', '/a'],
    ['/caf%C3%A9/x', '/caf%C3%A9'],
    ['/two%20words/x', '/two%20words'],
    ['/a/caf%C3%A9', '/a'],
    ['/a/%c3%a9', '/a'],
    ['/slash/a%2Fb', '/slash'],
    ['/ab', '/'],
  ])('%s: %s', (target, key) => {
    expect(match(target)).toBe(key);
  });
});

describe('another reading leads to another route, or to other scopes: ambiguous_path', () => {
  test.each([
    '/%61',
    '/%61/x',
    '/a/%61dmin',
    '/a/admi%6E/x',
    '/caf%c3%a9/x',
    '/a/../one',
    '/a/%2e%2e/one',
    '/a//x',
    '//a/x',
    '/a/;x',
    '/a;x/y',
    '/a/x;y=z',
    '/a\\x',
    '/a%5Cx',
    '/a%2Fx',
    '/a/%00',
    '/a/x%0d',
    '/a/admin.',
    '/a./x',
    '/a/%E9',
    '/a/%2561dmin',
    '/slash/x%2Fy',
    '/report/x;y',
    '/report/%2e%2e/a',
    '/a/x#y',
  ])('%s', target => {
    expect(match(target)).toBe('ambiguous_path');
  });
});

describe('the Host', () => {
  test.each([
    ['host.example', 'host.example/b'],
    ['HOST.example', 'host.example/b'],
    ['host.example:8443', 'host.example/b'],
    ['host.example.', 'ambiguous_path'],
    ['HOST.example.:8443', 'ambiguous_path'],
    ['other.example.', '/'],
  ])('%s: %s', (host, key) => {
    expect(match('/b/x', host)).toBe(key);
  });
});

test('no route in any reading: no_route', () => {
  const only = createRouteTable([publicRoute({ key: '/x', prefix: '/x' })]);
  expect(match('/y', 'front.example', only)).toBe('no_route');
});

test('every path that is accepted here: the same route as on the data listener', () => {
  const targets = ['/a', '/a/admin', '/slash/a%2Fb', '/one/%7Ex', '/'];
  for (const target of targets) {
    const head = readRequestHead({
      method: 'GET',
      target,
      version: '1.1',
      fields: ['Host', 'h'],
      body: 'none',
      expects: 'nothing',
    });
    if (!head.ok) throw new Error(target);
    expect(matchSentPath(table, head)).toEqual(matchRequest(table, head));
  }
});
