import { describe, expect, test } from 'vitest';
import { findNearest } from '../../../../src/config/diagnostics/suggestion.ts';
import { parseEndpoint } from '../../../../src/config/values/address/endpoint.ts';
import { parseHostName } from '../../../../src/config/values/address/host.ts';
import {
  formatAddress,
  isSameAddress,
  parseDataAddress,
  parseListenAddress,
} from '../../../../src/config/values/address/listen-address.ts';
import {
  hasUpperCaseOrigin,
  isInClear,
  parseIssuerUri,
  parseResource,
} from '../../../../src/config/values/address/uri.ts';
import { parseAlgorithm } from '../../../../src/config/values/algorithm.ts';
import { parseDuration } from '../../../../src/config/values/duration.ts';
import { parseHeaderName } from '../../../../src/config/values/header/header-name.ts';
import type { ParsedValue } from '../../../../src/config/values/parsed-value.ts';
import { parseAllowedEncoding } from '../../../../src/config/values/path/allowed-encoding.ts';
import { parsePathPrefix } from '../../../../src/config/values/path/path-prefix.ts';
import { parseRouteKey } from '../../../../src/config/values/path/route-key.ts';
import { parseScope, parseScopeKey } from '../../../../src/config/values/scope-rule.ts';
import { endpointAt } from '../../route/example-route.ts';

/** The value; of a rejected text what is wrong, and the nearest valid form where there is one. */
function read<T>(parsed: ParsedValue<T>): T | readonly [string, string?] {
  if (parsed.ok) return parsed.value;
  const { what, nearest } = parsed.rejection;
  return nearest === undefined ? [what] : [what, nearest];
}

test.each([
  ['500ms', 500],
  ['5s', 5_000],
  ['1.5s', 1_500],
  ['10m', 600_000],
  ['1h', 3_600_000],
  ['576h', 2_073_600_000],
  ['577h', ['is too long']],
  ['0s', ['is zero']],
  ['0.1ms', ['is zero']],
  ['-5s', ['is not a duration']],
  ['5', ['is not a duration', '5s']],
  ['5 sec', ['is not a duration', '5s']],
  ['2d', ['is not a duration', '48h']],
  ['', ['is not a duration']],
])('duration %j: %j', (text, expected) => expect(read(parseDuration(text))).toEqual(expected));

test('duration of 365 days, as max_stale may have: accepted', () =>
  expect(read(parseDuration('8760h', 365))).toBe(31_536_000_000));

test.each([
  ['0.0.0.0:8080', { host: '0.0.0.0', port: 8080 }],
  ['[::]:8080', { host: '::', port: 8080 }],
  [':0', { host: '0.0.0.0', port: 0 }],
  ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ['localhost:65536', ['has no valid port']],
  ['localhost', ['is not the address of a listener']],
  ['8080', ['is not the address of a listener', ':8080']],
  ['::1:8080', ['is not the address of a listener']],
  ['[x]:1', ['has no valid host']],
  ['999.1.1.1:1', ['has no valid host']],
  ['*:80', ['has no valid host']],
])('listener %s: %j', (text, expected) => expect(read(parseListenAddress(text))).toEqual(expected));

test.each([
  ['unix:/run/audgate.sock', { path: '/run/audgate.sock' }],
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['[::1]:8080', { host: '::1', port: 8080 }],
])('data listener %s: %j, and written again the same', (text, expected) => {
  expect(parseDataAddress(text)).toEqual({ ok: true, value: expected });
  expect(formatAddress(expected)).toBe(text);
});

test.each(['unix:', 'unix:audgate.sock', 'unix:/run/', 'unix:/run/a\0b', `unix:/${'a'.repeat(107)}`, '/run/a.sock'])(
  'data listener %j: rejected',
  text => expect(parseDataAddress(text).ok).toBe(false),
);

test('a unix socket as long as the system allows: accepted', () => {
  expect(parseDataAddress(`unix:/${'a'.repeat(106)}`).ok).toBe(true);
});

test.each([
  ['127.0.0.1', '0.0.0.0', true],
  ['127.0.0.1', '::', true],
  ['::1', '0.0.0.0', false],
  ['127.0.0.1', '127.0.0.2', false],
])('listeners on %s and %s: one port for both is a conflict: %s', (a, b, expected) => {
  expect(isSameAddress({ host: a, port: 1 }, { host: b, port: 1 })).toBe(expected);
  expect(isSameAddress({ host: a, port: 0 }, { host: b, port: 0 })).toBe(false);
});

test.each([
  ['/', '/'],
  ['/a/b', '/a/b'],
  ["/a-._~!$&'()*+,=:@", "/a-._~!$&'()*+,=:@"],
  ['/%C3%A9', '/%C3%A9'],
  ['a', ['does not begin with /', '/a']],
  ['/a?x', ['has a query or a fragment', '/a']],
  ['/a;b', ['has a ; or a \\, which servers read differently']],
  ['/a\\b', ['has a ; or a \\, which servers read differently']],
  ['/é', ['has a character that a path must not have plainly', '/%C3%A9']],
  ['/a b', ['has a character that a path must not have plainly', '/a%20b']],
  ['/a\nb', ['has a character that a path must not have plainly']],
  ['/a/{id}', ['has a { } or < >, as in a pattern', '/a']],
  ['/<id>', ['has a { } or < >, as in a pattern', '/']],
  ['/a/{id}/b', ['has a { } or < >, as in a pattern']],
  ['//a', ['has an empty segment', '/a']],
  ['/a/../b', ['has a . or .. segment']],
  ['/.', ['has a . or .. segment']],
  ['/a/', ['has a trailing slash', '/a']],
  ['/a/%2E%2E/', ['has a trailing slash']],
  ['/%', ['has a % that is not followed by two hex digits']],
  ['/%c3%a9', ['has a percent-encoding in lower case', '/%C3%A9']],
  ['/%C3', ['has a percent-encoding that is not UTF-8']],
  ['/%41%7E', ['has a percent-encoding of an unreserved character', '/A~']],
  ['/%2E%2E', ['has a percent-encoding of an unreserved character']],
  ...['%2F', '%5C', '%23', '%3F', '%25', '%3B', '%00', '%7F', '%C2%80'].map((encoding): [string, string[]] => [
    `/a${encoding}`,
    ['has a percent-encoding of / \\ # ? % ; or of a control character'],
  ]),
])('path %j: %j', (text, expected) => expect(read(parsePathPrefix(text))).toEqual(expected));

test.each([
  ['/', { host: undefined, prefix: '/' }],
  ['API.Example.com/v1', { host: 'api.example.com', prefix: '/v1' }],
  ['10.0.0.1/', { host: '10.0.0.1', prefix: '/' }],
  ['[::1]/x', { host: '[::1]', prefix: '/x' }],
  ['x.com:443/a', ['has a port, but the port of a request is ignored', 'x.com/a']],
  ['[::1]:443/a', ['has a port, but the port of a request is ignored', '[::1]/a']],
  ['*.x.com/a', ['has a wildcard']],
  ['*', ['has no path', '/']],
  ['https://x.com/a', ['has a scheme', 'x.com/a']],
  ['http://x.com:8443/a', ['has a scheme', 'x.com/a']],
  ['https://[::1]:443/a', ['has a scheme', '[::1]/a']],
  ['https://x.com', ['has a scheme']],
  ['x_.com./a', ['has no valid host']],
  ['1.2.3/a', ['has no valid host']],
  ['::1/a', ['has no valid host']],
  ['x.com/a/', ['has a trailing slash', 'x.com/a']],
  ['x.com', ['has no path', 'x.com/']],
  ['profile', ['has no path', '/profile']],
])('route key %s: %j', (text, expected) => expect(read(parseRouteKey(text))).toEqual(expected));

test.each([
  ['https://login.example.com/realms/a/', 'https://login.example.com/realms/a/'],
  ['https://x?', ['has a query']],
  ['https://x#', ['has a fragment']],
  ['login.example.com', ['is not absolute', 'https://login.example.com']],
  ['urn:x', ['is not an http(s) URI']],
  ['https:x', ['has no host']],
  ['https://u@x', ['has user information']],
])('issuer %s: %j', (text, expected) => expect(read(parseIssuerUri(text))).toEqual(expected));

test.each([
  ['HTTPS://X.example/a?b=%20', 'HTTPS://X.example/a?b=%20'],
  ['https://[::1]:8443/', 'https://[::1]:8443/'],
  ['https://x/é', ['has a character that a URI must not have']],
  ['https://x/a b', ['has a character that a URI must not have']],
  ['https://x/%zz', ['has a character that a URI must not have']],
  ['https://x/[a]', ['has a [ or ] after the host']],
  ['https://x:99999/', ['has no valid host or port']],
  ['https:///x', ['has no host']],
  ['api://x', ['is not an https URI, where the metadata of RFC 9728 is found']],
  ['orders-api', ['is not an https URI, where the metadata of RFC 9728 is found']],
  ['6731de76-14a6-49ae-97bc-6eba6914391e', ['is not an https URI, where the metadata of RFC 9728 is found']],
  ['orders api', ['is not an https URI, where the metadata of RFC 9728 is found']],
  ['https:/orders', ['has no host']],
])('resource %s: %j', (text, expected) => expect(read(parseResource(text))).toEqual(expected));

const socketAt = (path: string) => ({ socketPath: path, label: path });

test.each([
  ['http://x', endpointAt('http://x')],
  ['https://X.example:443/a/', { ...endpointAt('https://x.example', '/a'), label: 'x.example:443' }],
  ['http://x/%C3%A9', endpointAt('http://x', '/%C3%A9')],
  ['http://my_service:8080/', { ...endpointAt('http://my_service:8080'), authority: 'my_service:8080' }],
  ['http://[::1]:80/', { ...endpointAt('http://[::1]'), label: '[::1]:80' }],
  ['unix:/run/x.sock', { ...endpointAt('http://localhost'), socketPath: '/run/x.sock', label: '/run/x.sock' }],
  ['unix:/run/x.sock:/api', ['has a colon: a unix socket has no base path']],
  ['unix:x.sock', ['has no absolute path of a socket']],
  ['unix:///run/x.sock', ['has a path with //, /./, /../ or a / at its end', 'unix:/run/x.sock']],
  ['unix:/run/../x/', ['has a path with //, /./, /../ or a / at its end', 'unix:/x']],
  ['unix:/run/a b.sock', ['has a blank or a control character']],
  [`unix:/${'a'.repeat(106)}`, { ...endpointAt('http://localhost'), ...socketAt(`/${'a'.repeat(106)}`) }],
  [`unix:/${'a'.repeat(105)}é`, ['is too long']],
  ['http://unix:/run/x.sock:/api', ['is the form of nginx', 'unix:/run/x.sock']],
  ['http://unix/run', endpointAt('http://unix', '/run')],
  ['http://x/a//', ['has a path that has a trailing slash']],
  ['http://x/a?b', ['has a query']],
  ['http://x:0/a', ['has port 0, which nobody can listen on']],
  ['http://u:p@x', ['has user information']],
  ['wss://x/a', ['is a WebSocket URL', 'https://x/a']],
  ['billing:8080', ['is not an http(s) URI']],
])('upstream %s: %j', (text, expected) => expect(read(parseEndpoint(text))).toEqual(expected));

test.each([
  ['http://x', true],
  ['https://x', false],
  ['http://localhost:1', false],
  ['http://a.localhost', false],
  ['http://127.1.2.3', false],
  ['http://[::1]', false],
  ['http://127.example.com', true],
])('%s: plain http to another machine: %s', (uri, expected) => expect(isInClear(uri)).toBe(expected));

test.each([
  ['https://x/A', false],
  ['https://X/', true],
  ['HTTPS://x', true],
])('%s: upper case in scheme or host: %s', (uri, expected) => expect(hasUpperCaseOrigin(uri)).toBe(expected));

test.each([
  ['GET', { method: 'GET', path: '/' }],
  ['* /a', { method: '*', path: '/a' }],
  ['M-SEARCH /', { method: 'M-SEARCH', path: '/' }],
  ['/a', ['does not name a method', '* /a']],
  ['post /a', ['does not begin with a method of HTTP', 'POST /a']],
  ['GTE', ['does not begin with a method of HTTP', 'GET']],
  ['CONNECT', ['cannot be routed: a CONNECT request has no path']],
  ['GET /a/', ['has a trailing slash', 'GET /a']],
  ['GET  /a', ['does not name a method']],
])('scope key %s: %j', (text, expected) => expect(read(parseScopeKey(text))).toEqual(expected));

test.each([
  ['a:b/c!', 'a:b/c!'],
  ['a b', ['holds several scopes']],
  ['a"', ['is not a scope']],
  ['', ['is not a scope']],
])('scope %j: %j', (text, expected) => expect(read(parseScope(text))).toEqual(expected));

test.each([
  ['%2f', '%2F'],
  [';', ';'],
  ['%00', '%00'],
  ['%2E', ['encodes an unreserved character, which is always decoded']],
  ['%41', ['encodes an unreserved character, which is always decoded']],
  ['/', ['is not a percent-encoding']],
])('allow_encoded %s: %j', (text, expected) => expect(read(parseAllowedEncoding(text))).toEqual(expected));

describe('claims_to_headers', () => {
  test('a token: accepted; a blank: rejected', () => {
    expect(read(parseHeaderName('X-User'))).toBe('X-User');
    expect(read(parseHeaderName('a b'))).toEqual(['is not a header field name']);
  });

  const reserved = [
    'Host Authorization Connection Content-Length Transfer-Encoding Upgrade TE Trailer Keep-Alive Proxy-Authorization',
    'Proxy-Connection Proxy HTTP2-Settings Expect Via Forwarded X-Forwarded X-Forwarded-For X_Forwarded_Host Cookie',
    'X.Forwarded.For Content.Length content_type Sec-WebSocket-Key sec.websocket.protocol Sec-Fetch-Site Origin Referer',
    'X-HTTP-Method-Override x_http_method X-Method-Override X-Original-URL X.Original.URL X-Rewrite-URL X-Original-URI',
    'X-Original-Method X-Original-Host X-Http-Path-Override X-Host Script_Name PATH_INFO X-Envoy-Original-Path',
    'X-Real-IP X~Real~IP True-Client-IP CF-Connecting-IP Client-IP X-Client-IP Front-End-Https X-SSL-Client-Verify',
    'X-Request-Id Access-Control-Request-Method',
  ];
  test.each(reserved.join(' ').split(' '))('%s: rejected, with its reader', name => {
    expect(read(parseHeaderName(name))).toEqual([
      expect.stringMatching(/^is a header field that claims must not set: it [a-z].*[^.]$/),
    ]);
  });

  test.each(['X-Remote-User', 'Remote-User', 'X-WEBAUTH-USER', 'X-Auth-Request-Email', 'X-Username', 'Forwarder'])(
    '%s: accepted',
    name => expect(read(parseHeaderName(name))).toBe(name),
  );
});

test.each([
  ['ES256', 'ES256'],
  ['HS256', ['is symmetric: whoever can verify such a token can also mint it']],
  ['none', ['leaves tokens unsigned: anyone can mint one']],
  ['es256', ['is not an algorithm', 'ES256']],
  ['RSA', ['is not an algorithm']],
])('algorithm %s: %j', (text, expected) => expect(read(parseAlgorithm(text))).toEqual(expected));

test.each([
  ['upsteam', 'upstream'],
  ['upstraem', 'upstream'],
  ['UPSTREAM', 'upstream'],
  ['x', undefined],
])('nearest name of %s: %s', (name, nearest) => expect(findNearest(name, ['resource', 'upstream'])).toBe(nearest));

test.each([
  ['cert', 'cert_file'],
  ['secret', 'client_secret'],
  ['Proxies', 'trusted_proxies'],
  ['file', undefined],
  ['trust', undefined],
  ['id', undefined],
])('nearest name of %s, which is a word of others: %s', (name, nearest) => {
  const names = ['cert_file', 'key_file', 'client_id', 'client_secret', 'trusted_proxies'];
  expect(findNearest(name, names)).toBe(nearest);
});

test.each([
  ['audgate.monitoring.svc', 'audgate.monitoring.svc'],
  ['Audgate.Example.COM', 'audgate.example.com'],
  ['gateway', 'gateway'],
  ['audgate.example.com:9090', ['is not a host name', 'audgate.example.com']],
  ['https://Audgate.example.com/', ['is not a host name', 'audgate.example.com']],
  ['audgate.example.com.', ['is not a host name', 'audgate.example.com']],
  ['*.example.com', ['is not a host name']],
  ['audgate.example.com/metrics', ['is not a host name']],
  ['[::1]', ['is not a host name']],
  ['gatéway.example', ['is not a host name']],
  ['user@audgate.example.com', ['is not a host name']],
  ['audgate..com', ['is not a host name']],
  ['', ['is not a host name']],
])('admin_hosts %s: %j', (text, expected) => {
  expect(read(parseHostName(text))).toEqual(expected);
});
