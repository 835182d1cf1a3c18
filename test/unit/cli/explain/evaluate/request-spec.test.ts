import { describe, expect, test } from 'vitest';
import { describeInstant } from '../../../../../src/cli/explain/checks/instant.ts';
import { describeAmbiguity } from '../../../../../src/cli/explain/checks/path-ambiguity.ts';
import {
  formatUrl,
  parseInstant,
  parseMethod,
  parseUrl,
} from '../../../../../src/cli/explain/evaluate/request-spec.ts';
import { canonicalizePath } from '../../../../../src/route/path.ts';

const LISTEN = { host: '0.0.0.0', port: 8080 };

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
    expect(parseUrl('/', { host: '10.0.0.1', port: 80 })).toMatchObject({ value: { authority: '10.0.0.1:80' } });
    expect(parseUrl('/', { host: '::1', port: 80 })).toMatchObject({ value: { authority: '[::1]:80' } });
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

test('a distance in time: the two largest units', () => {
  const now = 1_700_000_000_000;
  expect(describeInstant(1_700_000_000 + 90_061, now)).toBe('2023-11-15T23:14:21Z (in 1 d 1 h)');
  expect(describeInstant(1_700_000_000 - 61, now)).toBe('2023-11-14T22:12:19Z (1 min 1 s ago)');
  expect(describeInstant(1e20, now)).toMatch(/^100000000000000000000 \(in /);
});

test.for([
  ['/a/../b', 3, 'a dot segment'],
  ['/a/%2E%2e', 3, 'a dot segment'],
  ['/a//b', 2, 'an empty segment'],
  ['/a\\b', 2, 'a backslash'],
  ['/a%2', 2, 'a % without'],
  ['/a\u00e9', 2, 'a byte'],
  ['/a/..;x/b', 3, 'a dot segment'],
  ['/a%2f..%2fb', 5, 'a dot segment'],
] as const)('%s: the ambiguous place', ([path, at, what]) => {
  expect(canonicalizePath(path).ok).toBe(false);
  expect(describeAmbiguity(path, [])).toEqual({ at, what: expect.stringContaining(what) });
});
