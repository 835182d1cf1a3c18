/**
 * `Connection` names fields that end at this hop (RFC 9110 section 7.6.1). A client that lists fields which the proxy adds
 * could have them removed: the identity, the address, the framing. Hop-by-hop fields must end here although they are not listed.
 *
 * Seen in: fastify reply-from CVE-2026-33805, oauth2-proxy, nginx modules.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type HeaderPair, headerValues, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../support/upstream.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let authorization: string;

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
    forward_token: true
`);
  authorization = `Bearer ${await issuer.sign({ claims: { aud: 'https://api.example/' } })}`;
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const OPTIONS = [
  'X-User',
  'x-user',
  'X_User',
  'keep-alive, X-User',
  'close,x-user,,',
  ' X-User\t,\tAuthorization ',
  'Authorization',
  'authorization, authorization',
  'X-Forwarded-For',
  'X-Forwarded-Host, X-Forwarded-Proto',
  'Forwarded, Via',
  'Host',
  'Content-Length',
  'content-length, X-User',
  'Content-Type',
  'Transfer-Encoding',
  'Connection',
  '"X-User"',
  '*',
  'close, X-User, X-Forwarded-For, Authorization, Content-Length, Host, Via, Forwarded, Transfer-Encoding, Connection',
];

test.each(OPTIONS)('Connection: %s: the fields and the framing of the gateway stay', async option => {
  await request(gateway.port, {
    method: 'POST',
    path: '/api/x',
    headers: [
      ['Connection', option],
      ['Authorization', authorization],
      ['X-User', 'mallory'],
    ],
    body: 'hello',
  });
  const [{ rawHeaders, body } = { rawHeaders: [], body: undefined }, ...others] = upstream.received;
  const values = (name: string) => headerValues(rawHeaders, name);
  expect(others).toEqual([]);
  expect(body?.text).toBe('hello');
  expect(values('x-user')).toEqual(['alice']);
  expect(values('authorization')).toEqual([authorization]);
  expect(values('host')).toEqual([`127.0.0.1:${upstream.port}`]);
  expect(values('x-forwarded-for')).toEqual(['127.0.0.1']);
  expect(values('x-forwarded-host')).toEqual([`127.0.0.1:${gateway.port}`]);
  expect(values('forwarded')).toHaveLength(1);
  expect([...values('content-length'), ...values('transfer-encoding')]).toEqual(['5']);
});

describe('fields of the client that are listed, or hop-by-hop: removed', () => {
  test.each<readonly [string, readonly HeaderPair[]]>([
    [
      'a listed field',
      [
        ['Connection', 'X-Hop'],
        ['X-Hop', 'gone'],
      ],
    ],
    [
      'one listed in lower case',
      [
        ['Connection', 'x-hop'],
        ['X-HOP', 'gone'],
      ],
    ],
    [
      'one listed in a second Connection',
      [
        ['Connection', 'close'],
        ['Connection', 'X-Hop'],
        ['X-Hop', 'gone'],
      ],
    ],
    [
      'one that comes before Connection',
      [
        ['X-Hop', 'gone'],
        ['Connection', 'X-Hop'],
      ],
    ],
    [
      'a listed Cookie',
      [
        ['Connection', 'Cookie'],
        ['Cookie', 'gone'],
      ],
    ],
    ['Keep-Alive', [['Keep-Alive', 'timeout=gone']]],
    ['Proxy-Connection', [['Proxy-Connection', 'gone']]],
    ['Proxy-Authorization', [['Proxy-Authorization', 'Basic gone']]],
    ['TE', [['TE', 'trailers, gone']]],
    ['Trailer', [['Trailer', 'gone']]],
    ['Upgrade without Connection', [['Upgrade', 'gone']]],
    ['HTTP2-Settings', [['HTTP2-Settings', 'gone']]],
    [
      'h2c, listed but no handshake',
      [
        ['Connection', 'HTTP2-Settings'],
        ['HTTP2-Settings', 'gone'],
      ],
    ],
  ])('%s', async (_name, headers) => {
    const response = await request(gateway.port, {
      path: '/api/x',
      headers: [...headers, ['Authorization', authorization], ['X-Kept', 'kept']],
    });
    expect(response.status).toBe(200);
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'x-kept')).toEqual(['kept']);
    expect(JSON.stringify(upstream.received)).not.toMatch(/gone/);
  });
});

describe('Connection of the upstream', () => {
  test.each<readonly [string, Record<string, string>]>([
    ['a listed field', { Connection: 'X-Hop', 'X-Hop': 'gone' }],
    ['a listed field among others', { Connection: 'close, X-Hop', 'X-Hop': 'gone' }],
    ['Keep-Alive', { 'Keep-Alive': 'timeout=77, gone' }],
    ['Proxy-Authenticate', { 'Proxy-Authenticate': 'gone' }],
    ['Upgrade', { Upgrade: 'gone' }],
    ['a listed Content-Length', { Connection: 'Content-Length, X-Hop', 'X-Hop': 'gone' }],
  ])('%s: removed, and the body stays framed', async (_name, fields) => {
    upstream.handle = (_req, res) => res.writeHead(200, { ...fields, 'Content-Length': '5' }).end('hello');
    const headers: HeaderPair[] = [['Authorization', authorization]];
    const response = await request(gateway.port, { path: '/api/x', headers });
    upstream.handle = answerWithWhatArrived;
    expect(response.body.toString()).toBe('hello');
    expect(headerValues(response.headers, 'content-length')).toEqual(['5']);
    expect(JSON.stringify(response.headers)).not.toMatch(/gone/);
  });
});
