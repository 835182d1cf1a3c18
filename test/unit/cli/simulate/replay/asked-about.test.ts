/** Lines of requests that another proxy asked about: judged by the stricter reading of paths, and not forwarded by the gateway. */

import { expect, test } from 'vitest';
import { protectedRoute } from '../../../route/example-route.ts';
import { exampleConfig, exampleEntry, ISSUER, readText, replayOne, unverified } from '../example-entry.ts';

const route = protectedRoute({
  ...{ key: '/a', prefix: '/a', resource: 'https://api.example/', audiences: new Set(['https://api.example/']) },
  ...{ issuers: new Set([ISSUER]), enforcement: 'report' as const },
});
const config = exampleConfig([route]);

test('the same decision: unchanged', () => {
  expect(replayOne(config, { via: 'authorizer' })).toBe('unchanged');
});

test('a path that only other proxies may not be asked about: as it was', () => {
  const refused = unverified({ path: '/%61', route: '(none)', outcome: 'denied', reason: 'ambiguous_path' });
  const none = { ...refused, status: 400, resource: undefined, enforcement: undefined };
  expect(replayOne(config, { ...none, via: 'authorizer' })).toBe('unchanged');
  expect(replayOne(config, none)).not.toBe('unchanged');
});

test('a route without upstream: decided on for another proxy, no_route on the data listener', () => {
  const only = exampleConfig([{ ...route, upstream: { ...route.upstream, endpoints: [] } }]);
  expect(replayOne(only, { via: 'authorizer' })).toBe('unchanged');
  expect(replayOne(only, { via: 'proxy' })).toMatch(/denied no_route$/);
});

test('OPTIONS without a token that was allowed: a preflight; with one: none', () => {
  const preflight = {
    ...unverified(),
    method: 'OPTIONS',
    outcome: 'forwarded',
    via: 'authorizer',
    upstream_ms: undefined,
  };
  expect(readText(exampleEntry(preflight))).toMatchObject({ via: 'authorizer', isPreflight: true });
  const options = { method: 'OPTIONS', via: 'authorizer' };
  expect(readText(exampleEntry(options))).toMatchObject({ via: 'authorizer', isPreflight: false });
  expect(readText(exampleEntry())).toMatchObject({ via: 'proxy' });
});
