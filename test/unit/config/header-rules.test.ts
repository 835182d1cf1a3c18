/** `request_headers` and `response_headers`: what they may name, and that no message shows a value. */

import { describe, expect, test } from 'vitest';
import { parseFieldValue, parseRequestRule, parseResponseRule } from '../../../src/config/values/header/header-rule.ts';
import { listDiagnostics } from './configuration.ts';

/** Errors of one route, without their places. */
function errorsOf(keys: string, files: Readonly<Record<string, string>> = {}): readonly string[] {
  const yaml = `issuers: { https://i: }\nroutes: { /a: { resource: https://a/, upstream: https://a, ${keys} } }\n`;
  return listDiagnostics(yaml, { files }).map(text => text.replace(/^.*?: routes\.\/a\./, ''));
}

const FORGED = [
  // framing and connection
  'Host Content-Length content_length Transfer-Encoding Connection Keep-Alive TE Trailer Upgrade Expect Proxy-Connection',
  'Proxy-Authorization Proxy_Authenticate HTTP2-Settings Sec-WebSocket-Key sec_websocket_accept Sec.WebSocket.Version',
  // forwarding
  'Forwarded X-Forwarded-For x_forwarded_host X.Forwarded.Proto X-Forwarded-Prefix X-Forwarded X-Request-Id X_REQUEST_ID',
  // identity
  'Remote-User remote_user X-Remote-User X-WEBAUTH-USER OIDC_CLAIM_sub X-Auth-Request-Email X-MS-CLIENT-PRINCIPAL-ID',
];
const REQUEST_ONLY = [
  'X-Real-IP client_ip X-Original-URL X_Rewrite_Url Script-Name X-HTTP-Method-Override X-SSL-Client-Verify',
];
const words = (lines: readonly string[]) => lines.join(' ').split(' ');

describe('names', () => {
  test.each(words([...FORGED, ...REQUEST_ONLY]))('request_headers: %s: rejected, with its reader', name => {
    const parsed = parseRequestRule(name);
    expect(parsed.ok ? 'accepted' : parsed.rejection.what).toMatch(
      /^is a header field that no rule may name: it [a-z]/,
    );
  });

  test.each([...words(FORGED), 'audgate-would-deny', 'Audgate_Status'])('response_headers: %s: rejected', name => {
    const parsed = parseResponseRule(name);
    expect(parsed.ok ? 'accepted' : parsed.rejection.what).toMatch(
      /^is a header field that no rule may name: it [a-z]/,
    );
  });

  test.each([
    'X-Api-Key',
    'Authorization',
    'Cookie',
    'Accept-Encoding',
    'Content-Type',
    'X-Debug',
    'traceparent',
    'Via',
  ])('request_headers: %s: accepted', name => expect(parseRequestRule(name).ok).toBe(true));

  test.each([
    'Server',
    'Cache-Control',
    'Set-Cookie',
    'Location',
    'Content-Security-Policy',
    'X-Accel-Buffering',
    'Vary',
  ])('response_headers: %s: accepted', name => expect(parseResponseRule(name).ok).toBe(true));

  test.each(['', 'a b', 'a:', 'n\xe9', 'a\r\nb'])('%j: no name', name => {
    expect(parseRequestRule(name).ok || parseResponseRule(name).ok).toBe(false);
  });
});

describe('values', () => {
  test.each(['x', 'Basic dXNlcjpwdw==', 'a b\tc', 'x'.repeat(8192), '"quoted"', '${'])('%#: accepted', value => {
    expect(parseFieldValue(value).ok).toBe(true);
  });

  test.each([
    '',
    ' x',
    'x ',
    '\tx',
    'a\r\nInjected: x',
    'a\nb',
    'a\x00b',
    'a\x7f',
    'caf\xe9',
    '\u2028',
    'x'.repeat(8193),
  ])('%#: rejected, and not quoted', value => {
    const parsed = parseFieldValue(value);
    expect(parsed.ok).toBe(false);
    expect(parsed.ok || parsed.rejection.standsAlone).toBe(true);
  });
});

describe('one error', () => {
  test.each([
    [
      'request_headers: { set: { Host: x } }',
      'request_headers.set.Host: "Host" is a header field that no rule may name: it names the upstream',
    ],
    [
      'request_headers: { remove: [x_forwarded_for] }',
      'request_headers.remove[0]: "x_forwarded_for" is a header field that no rule may name',
    ],
    [
      'response_headers: { set: { Content-Length: "5" } }',
      'response_headers.set.Content-Length: "Content-Length" is a header field that no rule may name',
    ],
    [
      'response_headers: { remove: [Transfer-Encoding] }',
      'response_headers.remove[0]: "Transfer-Encoding" is a header field',
    ],
    [
      'request_headers: { set: { X-Key: a, x_key: b } }',
      'request_headers.set.x_key: "x_key" is for many servers the same field as "X-Key"',
    ],
    [
      'request_headers: { set: { X-Key: a }, remove: [X_Key] }',
      'request_headers.remove[0]: "X_Key" is named by set already',
    ],
    ['request_headers: { remove: [X-A, x-a] }', 'request_headers.remove[1]: "x-a" is named twice'],
    ['response_headers: { set: { A: a }, remove: [a] }', 'response_headers.remove[0]: "a" is named by set already'],
    [
      'claims_to_headers: { X-Who: sub }, request_headers: { set: { x_who: a } }',
      'request_headers.set.x_who: "x_who" is named by claims_to_headers already',
    ],
    [
      'claims_to_headers: { X-Who: sub }, request_headers: { remove: [X-Who] }',
      'request_headers.remove[0]: "X-Who" is named by claims_to_headers already',
    ],
    [
      'upstream_token: forward, request_headers: { set: { Authorization: a } }',
      `request_headers.set.Authorization: "Authorization" is set, while the client's own goes on to the upstream`,
    ],
    [
      'enforcement: report, request_headers: { set: { authorization: a } }',
      `request_headers.set.authorization: "authorization" is set, while the client's own goes on`,
    ],
    [
      'request_headers: { remove: [Authorization] }',
      'request_headers.remove[0]: "Authorization" is a header field that no rule may remove, expected upstream_token: strip instead',
    ],
    [
      'cors: { origins: [https://b.example] }, response_headers: { set: { Access-Control-Allow-Origin: "*" } }',
      'response_headers.set.Access-Control-Allow-Origin: "Access-Control-Allow-Origin" is written by cors',
    ],
    ['request_headers: { add: { A: b } }', 'request_headers.add: unknown key "add"'],
    ['request_headers: { set: { X-Key: 5 } }', 'request_headers.set.X-Key: found a number'],
    ['request_headers: [X-Key]', 'request_headers: found a list'],
  ])('%s', (keys, expected) => {
    const errors = errorsOf(keys);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(expected);
  });

  test.each([
    'request_headers: { set: { Authorization: Basic abc } }',
    'enforcement: report, upstream_token: strip, request_headers: { set: { Authorization: a } }',
    'request_headers: { set: { X-A: a } }, response_headers: { set: { X-A: a } }',
    'response_headers: { set: { Access-Control-Allow-Origin: "*" } }',
  ])('%s: none', keys => {
    expect(
      errorsOf(keys).filter(text => !text.includes('enforcement: report') && !text.includes('upstream_token')),
    ).toEqual([]);
  });
});

test('a secret that cannot be a value, in the YAML or in a file: in no message', () => {
  const secret = 'sesame-7c1e';
  const written = errorsOf(`request_headers: { set: { X-Key: "${secret}\\nX: y" } }`);
  const read = errorsOf(`request_headers: { set: { X-Key: "\${file:key}" } }`, { key: `${secret}\n${secret}\n` });
  const named = errorsOf(`request_headers: { set: { Host: "${secret}" } }`);
  for (const errors of [written, read, named]) {
    expect(errors).toHaveLength(1);
    expect(errors.join()).not.toContain(secret);
  }
});
