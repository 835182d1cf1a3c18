/**
 * A Host that is doubled, empty, decorated or encoded, so that the gateway finds the routes of one host and the upstream serves
 * another (RFC 9112 section 3.2, RFC 9110 section 7.2).
 *
 * Seen in: plain node:http, which accepts a duplicate Host, one with userinfo, path or comma, and an empty one (measured).
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { headerValues, parseResponses, sendRaw } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /: { public: true, upstream: "${upstream.origin}" }
  inner.example/: { resource: "https://inner.example/", upstream: "${upstream.origin}" }
`);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

test.each([
  [''],
  ['Host:\r\n'],
  ['Host: \t \r\n'],
  ['Host: inner.example\r\nHost: open.example\r\n'],
  ['Host: open.example\r\nHost: inner.example\r\n'],
  ['Host: open.example\r\nHost: open.example\r\n'],
  ['Host: open.example\r\nhOST: inner.example\r\n'],
  ['Host: open.example\r\nHost:\r\n'],
  ['Host: open.example, inner.example\r\n'],
  ['Host: open.example,inner.example\r\n'],
  ['Host: user@inner.example\r\n'],
  ['Host: open.example@inner.example\r\n'],
  ['Host: inner.example/x\r\n'],
  ['Host: inner.example?x\r\n'],
  ['Host: inner.example#x\r\n'],
  ['Host: inner.example\\x\r\n'],
  ['Host: http://inner.example\r\n'],
  ['Host: inner.example:80:80\r\n'],
  ['Host: inner.example:http\r\n'],
  ['Host: inner.example:-1\r\n'],
  ['Host: inner.example:123456\r\n'],
  ['Host: open.example inner.example\r\n'],
  ['Host: open.example\tinner.example\r\n'],
  ['Host: inner.example\0\r\n'],
  ['Host: inner.example\x01\r\n'],
  ['Host: inn\xe9r.example\r\n'],
  ['Host: inner\xef\xbc\x8eexample\r\n'],
  ['Host: "inner.example"\r\n'],
  ['Host: <inner.example>\r\n'],
  ['Host: [inner.example]\r\n'],
  ['Host: [::1\r\n'],
  ['Host: [::1]x\r\n'],
  ['Host: [fe80::1%25eth0]\r\n'],
  ['Host: inner%zz.example\r\n'],
  ['Host : inner.example\r\n'],
  [' Host: inner.example\r\n'],
  ['Host\t: inner.example\r\n'],
  ['Host: open.example\r\n\tinner.example\r\n'],
  ['Host: open.example\r\n inner.example\r\n'],
])('%j: malformed_request, before there is a route', async fields => {
  const { status, reason, arrived } = await sendFields(fields);
  expect(arrived).toEqual([]);
  expect([status, reason]).toEqual([400, 'malformed_request']);
});

/** RFC 3986 section 3.2.2 lets a name be written so, and URL parsers decode it: two servers, two names. */
test.each(['inner%2eexample', '%69nner.example', 'inner.exampl%65', 'inner.example%00', 'inner%2Eexample:8080'])(
  'Host %j, which an upstream may read as the protected host: refused',
  async host => {
    const { status, arrived } = await sendFields(`Host: ${host}\r\n`);
    expect(arrived).toEqual([]);
    expect([400, 401]).toContain(status);
  },
);

test.each([
  'inner.example',
  'INNER.example',
  'Inner.Example:8080',
  'inner.example:',
  'inner.example.',
  'inner.example.:80',
  'inner.example\t',
])('Host %j, another spelling of the protected host: its route', async host => {
  const { status, reason, arrived } = await sendFields(`Host: ${host}\r\n`);
  expect(arrived).toEqual([]);
  expect([status, reason]).toEqual([401, 'missing_token']);
});

test.each([
  'open.example',
  'open.example:8080',
  'a_b.example',
  '127.0.0.1',
  '[::1]:8080',
  'xn--inner-ova.example',
  'x',
])('Host %j, another host: the upstream gets its own Host, and this one as X-Forwarded-Host', async host => {
  const { status, fields } = await sendFields(`Host: ${host}\r\nX-Forwarded-Host: inner.example\r\n`);
  expect(status).toBe(200);
  expect(headerValues(fields, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
  expect(headerValues(fields, 'x-forwarded-host')).toEqual([host]);
  expect(headerValues(fields, 'forwarded')).toEqual([`for=127.0.0.1;host="${host}";proto=http`]);
});

/** Only HTTP/1.0 may leave Host out (RFC 9112 section 3.2). */
test.each([
  ['GET /x HTTP/1.0', '', [200, undefined]],
  ['GET http://inner.example/x HTTP/1.0', '', [401, 'missing_token']],
  ['GET http://INNER.example:80/x HTTP/1.0', '', [401, 'missing_token']],
  ['GET http://open.example/x HTTP/1.0', '', [200, undefined]],
  ['GET http://open.example/x HTTP/1.0', 'Host: inner.example\r\n', [400, 'malformed_request']],
  ['GET http://inner.example/x HTTP/1.0', 'Host: open.example\r\n', [400, 'malformed_request']],
  ['GET /x HTTP/1.0', 'Host: inner.example\r\nHost: open.example\r\n', [400, 'malformed_request']],
  ['GET /x HTTP/1.0', 'Host:\r\n', [400, 'malformed_request']],
])(
  '%s with %j: the host of the target counts, without any the routes of every host: %j',
  async (line, host, expected) => {
    const [response] = parseResponses(await sendRaw(gateway.port, `${line}\r\n${host}\r\n`));
    const body = response?.headers.some(([, value]) => value === 'application/problem+json')
      ? JSON.parse(response.body.toString())
      : {};
    expect([response?.status, body.reason]).toEqual(expected);
  },
);

async function sendFields(fields: string) {
  upstream.received.length = 0;
  const bytes = `GET /x HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`;
  const [response] = parseResponses(await sendRaw(gateway.port, bytes));
  const [arrived] = upstream.received;
  const reason: unknown = JSON.parse(response?.body.toString() ?? '{}').reason;
  return { status: response?.status, reason, arrived: upstream.received, fields: arrived?.rawHeaders ?? [] };
}
