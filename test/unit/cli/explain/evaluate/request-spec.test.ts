import { describe, expect, test } from 'vitest';
import { formatUrl, parseMethod, parseUrl } from '../../../../../src/cli/explain/evaluate/request-spec.ts';
import { parseInstant } from '../../../../../src/config/values/instant.ts';

const LISTEN = { listen: { host: '0.0.0.0', port: 8080 }, tls: undefined };

describe('a URL', () => {
  test.for([
    ['https://a.example/b/../%2e/c?d', 'a.example', '/b/../%2e/c?d'],
    ['HTTP://A.example:8080', 'A.example:8080', '/'],
    ['http://a.example?x=1', 'a.example', '/?x=1'],
    ['/b//c', 'localhost:8080', '/b//c'],
    ['/ë', 'localhost:8080', '/\u00c3\u00ab'],
  ] as const)('%s: taken byte for byte', ([url, authority, target]) => {
    expect(parseUrl(url, LISTEN)).toMatchObject({ ok: true, value: { authority, target } });
  });

  test('without a host: the host of the listener', () => {
    expect(parseUrl('/', { listen: { host: '10.0.0.1', port: 80 }, tls: undefined })).toMatchObject({
      value: { authority: '10.0.0.1:80' },
    });
    expect(parseUrl('/', { listen: { host: '::1', port: 80 }, tls: undefined })).toMatchObject({
      value: { authority: '[::1]:80' },
    });
  });

  test.for(['', 'billing', 'ftp://a/', 'https://u:p@a/', 'https://a/b c', '/a\nb'])('%j: rejected', url => {
    expect(parseUrl(url, LISTEN).ok).toBe(false);
  });

  test('output of a URL: without the fragment, where some clients leave a token', () => {
    const target = '/b#access_token=secret?x';
    const request = { scheme: 'https', authority: 'a', target, method: 'GET', at: 0 } as const;
    expect(formatUrl({ ...request, isNow: true, isAuthorityAssumed: false })).toBe('https://a/b#…');
  });

  test('output of a URL: without the query', () => {
    const request = {
      scheme: 'https',
      authority: 'a',
      target: '/b?access_token=secret',
      method: 'GET',
      at: 0,
    } as const;
    expect(formatUrl({ ...request, isNow: true, isAuthorityAssumed: false })).toBe('https://a/b?…');
  });
});

test('a time: RFC 3339 with a zone', () => {
  expect(parseInstant('2026-01-31T12:00:00+01:00')).toEqual({ ok: true, value: Date.UTC(2026, 0, 31, 11) });
  expect(parseInstant('2028-02-29 23:59:59.5z')).toEqual({ ok: true, value: Date.UTC(2028, 1, 29, 23, 59, 59, 500) });
  const nowhere = ['2026-02-30T00:00:00Z', '2026-02-29T00:00:00Z', '2026-04-31T12:00:00+02:00', '2026-01-01T24:00:00Z'];
  for (const text of [...nowhere, '2026-01-31', '2026-01-31T12:00:00', '2026-13-31T12:00:00Z', '1700000000', 'now']) {
    expect(parseInstant(text).ok).toBe(false);
  }
});

test('a method: one that node:http knows, not CONNECT', () => {
  expect(['GET', 'PROPFIND'].map(method => parseMethod(method).ok)).toEqual([true, true]);
  expect(['get', 'CONNECT', 'FETCH', ''].map(method => parseMethod(method).ok)).toEqual([false, false, false, false]);
});
