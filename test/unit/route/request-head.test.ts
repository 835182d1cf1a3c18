import { describe, expect, test } from 'vitest';
import { isAuthority } from '../../../src/route/authority.ts';
import { type IncomingHead, readRequestHead } from '../../../src/route/request-head.ts';

const HOST = ['Host', 'api.example'];

const GET: IncomingHead = {
  method: 'GET',
  target: '/',
  version: '1.1',
  fields: HOST,
  body: 'none',
  expects: 'nothing',
};
const read = (target: string, fields: readonly string[] = HOST, method = 'GET', more: Partial<IncomingHead> = {}) =>
  readRequestHead({ ...GET, method, target, fields, ...more });
const reasonOf = (...given: Parameters<typeof read>) => {
  const head = read(...given);
  return head.ok ? 'accepted' : head.reason;
};

describe('Host (RFC 9112 section 3.2)', () => {
  test.each([
    ['api.example', 'api.example'],
    ['API.Example', 'api.example'],
    ['api.example:8080', 'api.example'],
    ['api.example:', 'api.example'],
    ['api.example.', 'api.example'],
    ['api.example.:443', 'api.example'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['[::1]:8080', '[::1]'],
    ['[2001:DB8::A]', '[2001:db8::a]'],
    ['docker_compose_1', 'docker_compose_1'],
  ])('%s: host %s', (authority, host) => {
    expect(read('/', ['Host', authority])).toMatchObject({ ok: true, authority, host });
  });

  test.each([
    ['none', []],
    ['empty', ['Host', '']],
    ['two', ['Host', 'api.example', 'Host', 'other.example']],
    ['two that agree', ['Host', 'api.example', 'host', 'api.example']],
    ['userinfo', ['Host', 'user@api.example']],
    ['userinfo with a password', ['Host', 'a:b@api.example']],
    ['path', ['Host', 'api.example/x']],
    ['query', ['Host', 'api.example?x']],
    ['fragment', ['Host', 'api.example#x']],
    ['list', ['Host', 'api.example, other.example']],
    ['list without a space', ['Host', 'api.example,other.example']],
    ['space', ['Host', 'api example']],
    ['tab', ['Host', 'api\texample']],
    ['quote', ['Host', 'api"example']],
    ['semicolon', ['Host', 'api.example;host=x']],
    ['backslash', ['Host', 'api.example\\x']],
    ['scheme', ['Host', 'http://api.example']],
    ['port of letters', ['Host', 'api.example:http']],
    ['two ports', ['Host', 'api.example:1:2']],
    ['negative port', ['Host', 'api.example:-1']],
    ['port of six digits', ['Host', 'api.example:123456']],
    ['port alone', ['Host', ':80']],
    ['IPv6 without brackets', ['Host', '::1']],
    ['bracket not closed', ['Host', '[::1']],
    ['text after the bracket', ['Host', '[::1]x']],
    ['non-ASCII', ['Host', 'caf\xe9.example']],
    ['control', ['Host', 'api\x00example']],
    ['percent without hex', ['Host', 'api%zz']],
    ['line feed at the end', ['Host', 'api.example\n']],
  ])('%s: malformed_request', (_, rawHeaders) => {
    expect(reasonOf('/', rawHeaders)).toBe('malformed_request');
  });
});

describe('target form (RFC 9112 section 3.2)', () => {
  test.each([
    ['/a/b', '/a/b', ''],
    ['/', '/', ''],
    ['http://api.example/a?b', '/a', '?b'],
    ['HTTP://API.EXAMPLE/a', '/a', ''],
    ['https://api.example/a', '/a', ''],
    ['http://api.example', '/', ''],
    ['http://api.example?b', '/', '?b'],
    ['http://api.example/%61', '/a', ''],
  ])('%s: path %s, query %s', (url, text, query) => {
    expect(read(url)).toMatchObject({ ok: true, path: { text }, query });
  });

  test.each([
    ['asterisk', '*'],
    ['nothing', ''],
    ['authority form', 'api.example:443'],
    ['authority form without a port', 'api.example'],
    ['no slash first', 'a/b'],
    ['another host', 'http://other.example/a'],
    ['the host with a port that Host lacks', 'http://api.example:8080/a'],
    ["the host with another scheme's port", 'http://api.example:443/a'],
    ['the host with a final dot', 'http://api.example./a'],
    ['no host, a default port', 'http://:80/a'],
    ['a port of six digits', 'http://api.example:000080/a'],
    ['userinfo', 'http://user@api.example/a'],
    ['the host as userinfo', 'http://api.example@other.example/a'],
    ['backslash after the host', 'http://api.example\\@other.example/'],
    ['host that only begins alike', 'http://api.example.evil/a'],
    ['another scheme', 'ftp://api.example/a'],
    ['script', 'javascript:alert(1)'],
    ['scheme with one slash', 'http:/api.example/a'],
    ['empty authority', 'http:///a'],
    ['space first', ' /a'],
  ])('%s: %j: malformed_request', (_, url) => {
    expect(reasonOf(url)).toBe('malformed_request');
  });

  test('OPTIONS *: no_route; without a Host: malformed_request', () => {
    expect(read('*', HOST, 'OPTIONS')).toEqual({ ok: false, reason: 'no_route' });
    expect(read('*', [], 'OPTIONS')).toEqual({ ok: false, reason: 'malformed_request' });
    expect(read('*', HOST, 'options')).toEqual({ ok: false, reason: 'malformed_request' });
  });

  test.each([
    ['http://api.example:8080/a', 'api.example:8080', 'accepted'],
    ['http://api.example/a', 'api.example:8080', 'malformed_request'],
    ['http://api.example:80/a', 'api.example', 'accepted'],
    ['http://api.example:/a', 'api.example', 'accepted'],
    ['http://api.example/a', 'API.example:80', 'accepted'],
    ['HTTPS://api.example:443/a', 'api.example', 'accepted'],
    ['https://api.example/a', 'api.example:443', 'accepted'],
    ['http://[::80]:80/a', '[::80]', 'accepted'],
    ['http://[::80]/a', '[::]', 'malformed_request'],
    ['http://api.example:443/a', 'api.example', 'malformed_request'],
    ['https://api.example:80/a', 'api.example', 'malformed_request'],
    ['https://api.example/a', 'api.example:80', 'malformed_request'],
    ['http://api.example:080/a', 'api.example', 'malformed_request'],
    ['http://api.example:80:80/a', 'api.example:80', 'malformed_request'],
  ])('%s with Host %s: %s (RFC 9110 section 4.2.3)', (url, host, outcome) => {
    expect(reasonOf(url, ['Host', host])).toBe(outcome);
  });

  test.each(['/a b', '/a?b c', '/a\x00', '/a?\x00', '/a?\r\nX: y', '/a?\x7f', '/a/../b\t'])(
    'a blank or a control makes %j ambiguous on every route, also behind the query',
    url => {
      expect(reasonOf(url)).toBe('ambiguous_path');
    },
  );

  test.each([
    ['/a#b', '/a#b', ''],
    ['/#', '/#', ''],
    ['/a?b#c', '/a', '?b#c'],
    ['//a?b', '//a', '?b'],
    ['/caf\xe9', '/caf\xe9', ''],
    ['http://api.example/a/../b', '/a/../b', ''],
    ['http://api.example/..', '/..', ''],
  ])('%j: ambiguous_path, the sent path kept', (url, sentPath, query) => {
    expect(read(url)).toMatchObject({ ok: true, path: { ok: false, reason: 'ambiguous_path' }, sentPath, query });
  });

  test('malformed and ambiguous: malformed_request', () => {
    expect(reasonOf('/a/../b', [])).toBe('malformed_request');
  });
});

describe('HTTP/1.0 without a Host', () => {
  const readOld = (target: string, fields: readonly string[] = [], method = 'GET') =>
    read(target, fields, method, { version: '1.0' });

  test('origin-form: no host at all, so that only routes of every host match', () => {
    expect(readOld('/a')).toMatchObject({ ok: true, authority: undefined, host: '', path: { text: '/a' } });
  });

  test('absolute-form: its host (RFC 9112 section 3.2.2)', () => {
    expect(readOld('http://API.example:8080/a')).toMatchObject({
      ok: true,
      authority: 'API.example:8080',
      host: 'api.example',
      path: { text: '/a' },
    });
  });

  test('OPTIONS *: no_route', () => {
    expect(readOld('*', [], 'OPTIONS')).toEqual({ ok: false, reason: 'no_route' });
  });

  test.each([
    ['an empty Host', '/a', ['Host', '']],
    ['an invalid Host', '/a', ['Host', 'a b']],
    ['two', '/a', ['Host', 'a', 'Host', 'b']],
    ['a Host that is not that of the target', 'http://a/', ['Host', 'b']],
    ['an invalid host in the target', 'http://a b/', []],
    ['no host in the target', 'http:///a', []],
  ])('%s: malformed_request', (_, target, fields) => {
    expect(readOld(target, fields)).toEqual({ ok: false, reason: 'malformed_request' });
  });
});

describe('query: not rewritten, not matched', () => {
  test.each([
    ['/a?', '?'],
    ['/a?b=%2e%2e%2F../x//y', '?b=%2e%2e%2F../x//y'],
    ['/a?b?c', '?b?c'],
    ['/a?b;c\\d%zz%', '?b;c\\d%zz%'],
    ['/a?caf\xe9', '?caf\xe9'],
    ['/a?access_token=x', '?access_token=x'],
  ])('%s: %s', (url, query) => {
    expect(read(url)).toMatchObject({ ok: true, path: { text: '/a' }, query });
  });

  test('encoded ?: no query', () => {
    expect(read('/a%3Fb?c')).toMatchObject({ path: { text: '/a%3Fb', contested: ['%3F'] }, query: '?c' });
  });
});

test.each([
  ['none', false, undefined],
  [0, false, 0],
  [5, true, 5],
  ['unknown', true, undefined],
] as const)('a body of length %s: hasBody %s, contentLength %s', (body, hasBody, contentLength) => {
  expect(read('/', HOST, 'POST', { body })).toMatchObject({ ok: true, hasBody, contentLength });
});

test('an unknown expectation: expectation_failed, behind what is malformed and before the path', () => {
  const expects = 'unknown';
  expect(reasonOf('/', HOST, 'GET', { expects })).toBe('expectation_failed');
  expect(reasonOf('/a/../b', HOST, 'GET', { expects })).toBe('expectation_failed');
  expect(reasonOf('/', [], 'GET', { expects })).toBe('malformed_request');
  expect(reasonOf('/', HOST, 'GET', { expects: 'continue' })).toBe('accepted');
});

test('several Authorization fields: all of them in the result', () => {
  const head = read('/', [...HOST, 'Authorization', 'Bearer a', 'X', 'y', 'AUTHORIZATION', 'Basic b']);
  expect(head).toMatchObject({ authorization: ['Bearer a', 'Basic b'] });
  expect(read('/', [...HOST, 'Proxy-Authorization', 'Bearer a'])).toMatchObject({ authorization: [] });
});

test('method: as sent, case kept', () => {
  expect(read('/', HOST, 'get')).toMatchObject({ method: 'get' });
});

test('Host that is no authority: not shown in the log', () => {
  expect(['api.example:80', '[::1]', 'a_b'].every(isAuthority)).toBe(true);
  expect(['', 'a b', 'u@a', 'a/b', 'a"b', 'a\nb', 'a,b'].some(isAuthority)).toBe(false);
});
