/** The request target: forwarded byte by byte, or refused. */

import { describe, expect, test } from 'vitest';
import { call, gateway, onlyRequest, upstream, useForwardingFixture } from './fixture.ts';

useForwardingFixture();

describe('target', () => {
  test.each([
    ['/api/a', '/api/a'],
    ['/based/a', '/v1/based/a'],
    ['/stripped/a/b', '/v1/a/b'],
    ['/stripped', '/v1'],
    ['/stripped/', '/v1/'],
    ['/stripped-to-root/a', '/a'],
    ['/stripped-to-root', '/'],
    ['/stripped-to-root?q=1', '/?q=1'],
    ['/stripped?q=1', '/v1?q=1'],
  ])('%s arrives as %s', async (path, url) => {
    expect((await call({ path })).status).toBe(200);
    expect(onlyRequest().url).toBe(url);
  });

  test.each([
    '?',
    '??',
    '?a=1&a=2',
    '?q=%2e%2E%2f..%2F&x=%',
    '?a=b%zz',
    '?//../..//',
    '?a[]={}|\\^`"\'<>',
    '?next=http://x/y?z',
    '?plus=a+b;c=d',
    '?%00%0d%0a',
  ])('the query %j: forwarded byte by byte', async query => {
    const answer = await call({ path: `/api/a${query}` });
    expect(answer.status).toBe(200);
    expect(onlyRequest().url).toBe(`/api/a${query}`);
  });

  test('a query with bytes outside of RFC 3986: refused, not rewritten', async () => {
    expect((await call({ path: '/api/a?\xe9\xff' })).status).toBe(400);
    expect(upstream.received).toEqual([]);
  });

  test.each([
    ['/api/%7euser', '/api/~user'],
    ['/api/%7Euser', '/api/~user'],
    ['/api/caf%c3%a9', '/api/caf%C3%A9'],
    ['/api/a%20b', '/api/a%20b'],
    ['/%61pi/x', '/api/x'],
    ['/stripp%65d/%40me', '/v1/%40me'],
    ["/api/!$&'()*+,=:@", "/api/!$&'()*+,=:@"],
  ])('the path %s: forwarded as it was matched: %s', async (path, url) => {
    expect((await call({ path })).status).toBe(200);
    expect(onlyRequest().url).toBe(url);
  });

  test('absolute-form of the same authority: forwarded in origin-form', async () => {
    const path = `http://127.0.0.1:${gateway.port}/api/a?q=%zz`;
    expect((await call({ path })).status).toBe(200);
    expect(onlyRequest().url).toBe('/api/a?q=%zz');
  });
});
