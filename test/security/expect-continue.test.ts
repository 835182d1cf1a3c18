/**
 * `Expect: 100-continue` takes another code path through many servers, and some omit on it checks that they do on the main one.
 *
 * Seen in: http-proxy #1447 (an Expect skips the header hook); also undici, which loses a pool slot for each Expect that it
 * sends (measured).
 */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { headerValues, parseResponses, sendRaw } from '../support/raw-http.ts';
import { HANDSHAKE_FIELDS } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let mine: string;
let foreign: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api:
    resource: https://api.example/
    upstream: ${upstream.origin}
    claims_to_headers: { X-User: sub }
    limits: { body: 8B }
  /open: { public: true, upstream: "${upstream.origin}" }
  /reads: { resource: "https://api.example/", upstream: "${upstream.origin}", scopes: { GET: [] } }
  /writes: { resource: "https://api.example/", upstream: "${upstream.origin}", scopes: [write] }
`);
  mine = `Authorization: Bearer ${await issuer.sign({ claims: { aud: 'https://api.example/' } })}\r\n`;
  foreign = `Authorization: Bearer ${await issuer.sign({ claims: { aud: 'https://other.example/' } })}\r\n`;
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const LENGTH = 'Content-Length: 5\r\n';
const CONTINUE = 'Expect: 100-continue\r\n';

test.each([
  ['no token', 'POST /api/x HTTP/1.1', () => CONTINUE + LENGTH, 401],
  ['no token, and a chunked body', 'POST /api/x HTTP/1.1', () => `${CONTINUE}Transfer-Encoding: chunked\r\n`, 401],
  ['no token, in upper case', 'POST /api/x HTTP/1.1', () => `EXPECT: 100-CONTINUE\r\n${LENGTH}`, 401],
  ['a token for another API', 'POST /api/x HTTP/1.1', () => foreign + CONTINUE + LENGTH, 401],
  ['two tokens', 'POST /api/x HTTP/1.1', () => mine + foreign + CONTINUE + LENGTH, 400],
  ['a garbage token', 'POST /api/x HTTP/1.1', () => `Authorization: Bearer x\r\n${CONTINUE}${LENGTH}`, 401],
  ['a scope too few', 'POST /writes/x HTTP/1.1', () => mine + CONTINUE + LENGTH, 403],
  ['a method that is not allowed', 'POST /reads/x HTTP/1.1', () => mine + CONTINUE + LENGTH, 405],
  ['no route', 'POST /x HTTP/1.1', () => mine + CONTINUE + LENGTH, 404],
  ['a dot segment', 'POST /reads/../api/x HTTP/1.1', () => mine + CONTINUE + LENGTH, 400],
  ['an encoded slash', 'POST /api%2fx HTTP/1.1', () => mine + CONTINUE + LENGTH, 400],
  ['two Hosts', 'POST /api/x HTTP/1.1', () => `Host: b.example\r\n${mine}${CONTINUE}${LENGTH}`, 400],
  ['two lengths', 'POST /api/x HTTP/1.1', () => mine + CONTINUE + LENGTH + LENGTH, 400],
  ['a length above the limit', 'POST /api/x HTTP/1.1', () => `${mine}${CONTINUE}Content-Length: 9\r\n`, 413],
  ['another expectation', 'POST /api/x HTTP/1.1', () => `${mine}Expect: 200-ok\r\n${LENGTH}`, 417],
  ['an empty expectation', 'POST /api/x HTTP/1.1', () => `${mine}Expect:\r\n${LENGTH}`, 417],
  ['two expectations', 'POST /api/x HTTP/1.1', () => `${mine}Expect: 100-continue, x\r\n${LENGTH}`, 417],
  ['another expectation and no token', 'GET /api/x HTTP/1.1', () => 'Expect: x\r\n', 417],
  ['an upgrade without a token', 'GET /api/x HTTP/1.1', () => `${CONTINUE}${HANDSHAKE_FIELDS}`, 401],
])('%s: no 100 Continue, and nothing reaches the upstream', async (_name, line, fields, status) => {
  const responses = await sendUntilFinal(`${line}\r\nHost: a.example\r\n${fields()}\r\n`);
  expect(responses.map(response => response.status)).toEqual([status]);
  expect(upstream.received).toEqual([]);
});

test.each([
  ['with a length', 'POST', 'HTTP/1.1', `${CONTINUE}${LENGTH}`, 'hello', [100, 200]],
  ['in chunks', 'PUT', 'HTTP/1.1', `${CONTINUE}Transfer-Encoding: chunked\r\n`, '5\r\nhello\r\n0\r\n\r\n', [100, 200]],
  ['in upper case', 'PATCH', 'HTTP/1.1', `EXPECT: 100-CONTINUE\r\n${LENGTH}`, 'hello', [100, 200]],
  ['on a DELETE', 'DELETE', 'HTTP/1.1', `${CONTINUE}${LENGTH}`, 'hello', [100, 200]],
  ['without waiting for it', 'POST', 'HTTP/1.1', `${CONTINUE}${LENGTH}`, 'hello', [100, 200]],
  ['from an HTTP/1.0 client, which gets no 100', 'POST', 'HTTP/1.0', `${CONTINUE}${LENGTH}`, 'hello', [200]],
])(
  'an expectation %s: answered by the gateway, and every rule about fields applies',
  async (_name, method, version, fields, body, statuses) => {
    const forged = 'X-User: mallory\r\nX_User: mallory\r\nX-Forwarded-For: 6.6.6.6\r\n';
    const head = `${method} /api/x ${version}\r\nHost: a.example\r\nConnection: close, X-User\r\n${mine}${forged}${fields}\r\n`;
    const responses = await sendUntilFinal(head + body);
    expect(responses.map(response => response.status)).toEqual(statuses);
    const [received] = upstream.received;
    const values = (name: string) => headerValues(received?.rawHeaders ?? [], name);
    expect(upstream.received).toHaveLength(1);
    expect(received?.body?.text).toBe('hello');
    expect(values('expect')).toEqual([]);
    expect(values('authorization')).toEqual([]);
    expect([...values('x-user'), ...values('x_user')]).toEqual(['alice']);
    expect(values('x-forwarded-for')).toEqual(['127.0.0.1']);
  },
);

test.each([
  ['a protected route', '/api/x', () => mine],
  ['a public route', '/open/x', () => ''],
])(
  'an upgrade of %s with an expectation: reaches the upstream with the fields of the gateway',
  async (_name, path, token) => {
    const forged = 'X-User: mallory\r\nX-Forwarded-For: 6.6.6.6\r\n';
    await sendUntilFinal(
      `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${token()}${forged}${CONTINUE}${HANDSHAKE_FIELDS}\r\n`,
    );
    // A handshake that was started would have arrived by now.
    await sendUntilFinal('GET /open/last HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
    for (const { url, rawHeaders } of upstream.received) {
      expect(url).toMatch(/^\/(?:api\/x|open\/x|open\/last)$/);
      expect(headerValues(rawHeaders, 'expect')).toEqual([]);
      expect(headerValues(rawHeaders, 'authorization')).toEqual([]);
      expect(headerValues(rawHeaders, 'x-user')).not.toEqual(['mallory']);
      expect(headerValues(rawHeaders, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    }
  },
);

test('an upgrade with an expectation: refused, or forwarded without the expectation', async () => {
  const [response] = await sendUntilFinal(
    `GET /api/x HTTP/1.1\r\nHost: a.example\r\n${mine}${CONTINUE}${HANDSHAKE_FIELDS}\r\n`,
  );
  expect([101, 400, 417]).toContain(response?.status);
});

test('two hundred expectations: the upstream stays reachable', async () => {
  const ask = () =>
    sendUntilFinal(
      `POST /api/x HTTP/1.1\r\nHost: a.example\r\n${mine}Connection: close\r\n${CONTINUE}${LENGTH}\r\nhello`,
    );
  for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 20 }, ask));
  expect((await ask()).map(response => response.status)).toEqual([100, 200]);
  expect(upstream.received.filter(({ method }) => method === 'POST')).toHaveLength(201);
});

async function sendUntilFinal(bytes: string) {
  const isAnswered = (received: Buffer) =>
    parseResponses(received, { open: true }).some(
      ({ status, complete }) => status === 101 || (status >= 200 && complete),
    );
  return parseResponses(await sendRaw(gateway.port, bytes, { until: isAnswered }));
}
