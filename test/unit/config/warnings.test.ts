import { describe, expect, test } from 'vitest';
import { listCodes, listProblems } from './configuration.ts';

const ONLY = 'multiple_audiences: only';

function file(...routes: readonly string[]): string {
  return `issuers: { https://i.example: }\nroutes:\n${routes.map(route => `  ${route}\n`).join('')}`;
}

const PROTECTED = `/a/b: { resource: https://a.example, upstream: https://a, ${ONLY} }`;

describe('what is legal but dangerous', () => {
  test.each([
    [
      'public-over-protected',
      file(PROTECTED, '/a: { public: true, upstream: http://x }'),
      '4:3: warning: routes./a: this public route contains the protected route "/a/b" (line 3): what the protected route does not match needs no token',
    ],
    [
      'public-over-protected',
      file(PROTECTED, 'x.example/: { public: true, upstream: http://x }'),
      '4:3: warning: routes.x.example/: this public route contains the protected route "/a/b" (line 3): what the protected route does not match needs no token',
    ],
    [
      'resource-uppercase-host',
      file(`/: { resource: https://A.example, upstream: https://a }`),
      '3:18: warning: routes./.resource: upper-case letters in scheme or host: clients may write them in lower case, and audiences are compared exactly',
    ],
    [
      'resource-trailing-slash-twin',
      file(PROTECTED, `/c: { resource: https://a.example/, upstream: https://a, ${ONLY} }`),
      '4:19: warning: routes./c.resource: differs only by a trailing slash from the resource of route "/a/b" (line 3): audiences are compared exactly',
    ],
    [
      'resource-without-tls',
      file('/: { resource: http://a.example, upstream: https://a }'),
      '3:18: warning: routes./.resource: a resource without TLS: tokens reach it in clear text; write https://',
    ],
    [
      'resource-with-query',
      file('/: { resource: https://a.example?x, upstream: https://a }'),
      '3:18: warning: routes./.resource: a resource with a query: RFC 8707 section 2 advises against it, and few clients keep it',
    ],
    [
      'token-forwarded-in-clear',
      file('/: { resource: https://a.example, upstream: http://a, forward_token: true }'),
      '3:72: warning: routes./.forward_token: the token is forwarded in clear text: use an https:// upstream, or one on loopback',
    ],
    [
      'multiple-audiences-any',
      file(PROTECTED, '/c: { resource: https://c.example, upstream: https://c, multiple_audiences: any }'),
      '4:79: warning: routes./c.multiple_audiences: a token for this resource and another one is accepted here: set multiple_audiences to known or only to refuse it',
    ],
    [
      'report-strips-token',
      file('/: { resource: https://a.example, upstream: http://a, enforcement: report }'),
      '3:70: warning: routes./.enforcement: on this rung a legacy API still reads the token, but it is removed before the upstream sees the request: set forward_token: true',
    ],
    [
      'would-deny-header-on-enforce',
      file('/: { resource: https://a.example, upstream: http://a, would_deny_header: true }'),
      '3:76: warning: routes./.would_deny_header: nothing is forwarded that would be denied on enforce, so this header is never set: remove the key',
    ],
    [
      'issuer-without-tls',
      file(PROTECTED).replace('https://i', 'http://i'),
      '1:12: warning: issuers.http://i.example: an issuer without TLS: whoever is on the way to it can put in keys of their own; write https://',
    ],
    [
      'issuer-without-tls',
      file(PROTECTED).replace('i.example: }', 'i.example: { jwks_uri: http://k/ } }'),
      '1:43: warning: issuers.https://i.example.jwks_uri: keys fetched without TLS: whoever is on the way can put in keys of their own; write https://',
    ],
  ])('%s', (code, text, warning) => {
    expect(listProblems(text)).toEqual([warning]);
    expect(listCodes(text)).toEqual([code]);
  });
});

describe('no warning', () => {
  test.each([
    [
      'on loopback',
      file('/: { resource: http://localhost:1, upstream: http://127.0.0.1:1, forward_token: true }').replace(
        'https://i.example',
        '"http://[::1]:3"',
      ),
    ],
    ['for a public route beside a protected one', file(PROTECTED, '/a/bc: { public: true, upstream: http://x }')],
    [
      'for a header that says what would be denied, where it can',
      file('/: { resource: https://a.example, upstream: http://a, enforcement: verify, would_deny_header: true }'),
    ],
    ['for hosts that differ', file(`x.example${PROTECTED}`, 'y.example/: { public: true, upstream: http://x }')],
    [
      'for one resource on two routes',
      file('/a: { resource: https://a, upstream: https://a }', '/b: { resource: https://a, upstream: https://a }'),
    ],
  ])('%s', (_name, text) => {
    expect(listProblems(text)).toEqual([]);
  });
});
