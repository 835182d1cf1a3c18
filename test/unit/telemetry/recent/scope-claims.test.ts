import { expect, test } from 'vitest';
import type { ScopeSource } from '../../../../src/config/config.ts';
import { mergeSightings, ScopeClaimSightings } from '../../../../src/telemetry/recent/scope-claims.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';

const pathOf = (text: string) => ({ text, steps: text.split('.') });
const source = (...paths: readonly string[]): ScopeSource => ({ paths: paths.map(pathOf), separator: ' ' });
const denial = { reason: 'insufficient_scope' } as const;
const route = protectedRoute({ prefix: '/a' });
const ISSUER = 'https://login.example';

test('a path that no token had: told once, when a request is denied for its scope', () => {
  const sightings = new ScopeClaimSightings();
  const verified = exampleToken({ scopeSource: source('realm_acess.roles'), claims: { realm_access: { roles: [] } } });
  expect(sightings.record(finishedRequest({ route, verified }))).toEqual([]);
  const seen = { of: 'issuers', name: ISSUER, path: 'realm_acess.roles', tokens: 2, isFound: false };
  expect(sightings.record(finishedRequest({ route, verified, denial }))).toEqual([seen]);
  expect(sightings.record(finishedRequest({ route, verified, denial }))).toEqual([]);
  expect(sightings.list()).toEqual([{ ...seen, tokens: 3 }]);
});

test('a path that one token had: not told any more', () => {
  const sightings = new ScopeClaimSightings();
  const scopeSource = source('roles');
  sightings.record(finishedRequest({ route, verified: exampleToken({ scopeSource, claims: { roles: [] } }) }));
  const without = exampleToken({ scopeSource, claims: {} });
  expect(sightings.record(finishedRequest({ route, verified: without, denial }))).toEqual([]);
  expect(sightings.list()).toMatchObject([{ path: 'roles', tokens: 1, isFound: true }]);
});

test('one of two paths: told after 100 tokens', () => {
  const sightings = new ScopeClaimSightings();
  const verified = exampleToken({ scopeSource: source('scp', 'rolls'), claims: { scp: 'x' } });
  const told = Array.from({ length: 150 }, () => sightings.record(finishedRequest({ route, verified, denial })));
  expect(told.findIndex(list => list.length > 0)).toBe(99);
  expect(told.flat()).toMatchObject([{ path: 'rolls', tokens: 100 }]);
});

test('scope_claim of a route: looked for there, and not that of the issuer', () => {
  const sightings = new ScopeClaimSightings();
  const special = protectedRoute({ prefix: '/b', scopePaths: [pathOf('roles')] });
  const verified = exampleToken({ scopeSource: source('none'), claims: {} });
  const told = sightings.record(finishedRequest({ route: special, verified, denial }));
  expect(told).toEqual([{ of: 'routes', name: '/b', path: 'roles', tokens: 1, isFound: false }]);
  expect(sightings.list()).toHaveLength(1);
});

test('no scope_claim, no token, a public route: nothing', () => {
  const sightings = new ScopeClaimSightings();
  sightings.record(finishedRequest({ route, verified: exampleToken() }));
  sightings.record(finishedRequest({ route }));
  sightings.record(finishedRequest({ verified: exampleToken({ scopeSource: source('x') }) }));
  expect(sightings.list()).toEqual([]);
});

test('another scope_claim after a reload: counted anew', () => {
  const sightings = new ScopeClaimSightings();
  sightings.record(finishedRequest({ route, verified: exampleToken({ scopeSource: source('a') }) }));
  sightings.record(finishedRequest({ route, verified: exampleToken({ scopeSource: source('b') }) }));
  expect(sightings.list()).toMatchObject([{ path: 'b', tokens: 1 }]);
});

test('sightings of several workers: found where one has found it', () => {
  const one = { of: 'issuers', name: 'i', path: 'p', tokens: 3, isFound: false } as const;
  expect(mergeSightings([[one], [{ ...one, tokens: 4, isFound: true }], [{ ...one, path: 'q' }]])).toEqual([
    { ...one, tokens: 7, isFound: true },
    { ...one, path: 'q' },
  ]);
});
