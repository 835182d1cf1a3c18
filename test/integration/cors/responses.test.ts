/** The CORS fields of responses, on real sockets: of the upstream's, of refusals and of failures. */

import { once } from 'node:events';
import { beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  bearer,
  formatRequest,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawRequest,
  request,
  sendRaw,
} from '../../support/raw-http.ts';
import { APP, corsOf, gateway, issuer, ORIGIN, RESOURCE, rawUpstream, upstream, useCorsFixture } from './fixture.ts';

useCorsFixture();

const send = (raw: RawRequest) => request(gateway.port, raw);
const from = (path: string, headers: readonly HeaderPair[] = [], method = 'GET'): RawRequest => ({
  ...{ method, path },
  headers: [ORIGIN, ...headers],
});

const API = {
  'access-control-allow-origin': APP,
  'access-control-expose-headers': 'WWW-Authenticate, X-Request-Id, ETag',
  vary: 'Origin',
};
const PLAIN = { ...API, 'access-control-expose-headers': 'WWW-Authenticate, X-Request-Id' };

let reads: HeaderPair;
let writes: HeaderPair;
let foreign: HeaderPair;
beforeAll(async () => {
  const sign = (aud: string, scope: string) => issuer.sign({ claims: { aud, scope } });
  [reads, writes, foreign] = (
    await Promise.all([sign(RESOURCE, 'read'), sign(RESOURCE, 'write'), sign('https://other.example/', 'read')])
  ).map(bearer) as [HeaderPair, HeaderPair, HeaderPair];
});

describe('the response of the upstream', () => {
  test('for a listed origin: with the fields, and the upstream gets the Origin', async () => {
    const answer = await send(from('/api/items', [reads]));
    expect(answer.status).toBe(200);
    expect(corsOf(answer)).toEqual(API);
    expect(upstream.received[0]?.rawHeaders).toContainEqual(ORIGIN);
  });

  test.each<[string, readonly HeaderPair[]]>([
    ['no Origin', []],
    ['another origin', [['Origin', 'https://evil.example']]],
    ['two origins', [ORIGIN, ORIGIN]],
    ['an origin of 10 KB', [['Origin', `https://${'a'.repeat(10_000)}.example`]]],
    ['null', [['Origin', 'null']]],
  ])('for %s: served as usual, without a CORS field', async (_name, origins) => {
    upstream.handle = (_req, res) => res.setHeader('Access-Control-Allow-Origin', '*').end('served');
    const answer = await send({ path: '/api/items', headers: [...origins, reads] });
    expect([answer.status, String(answer.body)]).toEqual([200, 'served']);
    expect(corsOf(answer)).toEqual({ vary: 'Origin' });
  });

  test('what the upstream says of CORS: replaced; its Vary gets Origin once', async () => {
    upstream.handle = (_req, res) => {
      res.setHeader('access-control-allow-origin', '*').setHeader('Access-Control-Allow-Credentials', 'true');
      res.setHeader('Access-Control-Expose-Headers', '*').setHeader('Access-Control-Allow-Methods', '*');
      res.setHeader('Timing-Allow-Origin', '*').setHeader('Vary', ['Accept-Encoding', 'origin']).end();
    };
    const answer = await send(from('/api/items', [reads]));
    expect(corsOf(answer)).toEqual({ ...API, vary: 'Origin, Accept-Encoding' });
    expect(headerValues(answer.headers, 'timing-allow-origin')).toEqual(['*']);
  });

  test('on a route without cors: untouched', async () => {
    upstream.handle = (_req, res) =>
      res.setHeader('Access-Control-Allow-Origin', 'https://theirs.example').setHeader('Vary', 'Accept').end();
    const answer = await send(from('/without/a', [reads]));
    expect(corsOf(answer)).toEqual({ 'access-control-allow-origin': 'https://theirs.example', vary: 'Accept' });
  });

  test('204, 304 and HEAD: with the fields', async () => {
    upstream.handle = (req, res) => res.writeHead(Number(req.url?.slice(-3))).end();
    for (const [path, method] of [
      ['/cookies/204', 'GET'],
      ['/cookies/304', 'GET'],
      ['/cookies/200', 'HEAD'],
    ] as const) {
      const answer = await send(from(path, [], method));
      expect(corsOf(answer)).toEqual({ ...PLAIN, 'access-control-allow-credentials': 'true' });
    }
  });

  test('every origin: `*`, never what was sent', async () => {
    const answer = await send(from('/everybody/a'));
    expect(corsOf(answer)).toEqual({ ...PLAIN, 'access-control-allow-origin': '*' });
  });

  test('on report: with the fields, and the reason that was only reported', async () => {
    const answer = await send(from('/reported/a'));
    expect(answer.status).toBe(200);
    expect(headerValues(answer.headers, 'audgate-would-deny')).toEqual(['missing_token']);
    expect(corsOf(answer)).toEqual(PLAIN);
  });

  test('two requests on one connection: each by its own Origin', async () => {
    const bytes = [[ORIGIN], [], [['Origin', 'http://localhost:3000'] as const]].map(headers =>
      formatRequest(gateway.port, { path: '/api/items', headers: [...headers, reads, ['Connection', 'keep-alive']] }),
    );
    const answers = parseResponses(await sendRaw(gateway.port, Buffer.concat(bytes), { responses: 3 }));
    expect(answers.map(answer => corsOf(answer)['access-control-allow-origin'])).toEqual([
      ...[APP, undefined, 'http://localhost:3000'],
    ]);
  });
});

describe('a refusal of the route: with the fields', () => {
  test.each<[number, string, () => RawRequest]>([
    [401, 'missing_token', () => from('/api/items')],
    [401, 'wrong_audience', () => from('/api/items', [foreign])],
    [401, 'malformed_token', () => from('/api/items', [bearer('x')])],
    [400, 'malformed_credentials', () => from('/api/items', [reads, reads])],
    [403, 'insufficient_scope', () => from('/api/items', [writes])],
    [405, 'method_not_allowed', () => from('/api/items', [reads], 'DELETE')],
    [413, 'body_too_large', () => ({ ...from('/api/items', [writes], 'POST'), body: 'x'.repeat(2_000) })],
  ])('%d %s', async (status, reason, raw) => {
    const answer = await send(raw());
    expect(answer.status).toBe(status);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason });
    expect(corsOf(answer)).toEqual(API);
  });

  test('413 in the middle of a chunked body', async () => {
    const chunked = `${'400'}\r\n${'x'.repeat(1024)}\r\n1\r\nx\r\n0\r\n\r\n`;
    const headers: HeaderPair[] = [writes, ['Transfer-Encoding', 'chunked']];
    const answer = await send({ ...from('/api/items', headers, 'POST'), body: chunked });
    expect(answer.status).toBe(413);
    expect(corsOf(answer)).toEqual(API);
  });

  test('503 overloaded', async () => {
    let release = () => undefined as unknown;
    const held = new Promise<void>(resolve => {
      upstream.handle = (_req, res) => {
        release = () => res.end();
        resolve();
      };
    });
    const first = send(from('/full/a'));
    await held;
    const answer = await send(from('/full/b'));
    release();
    expect((await first).status).toBe(200);
    expect(JSON.parse(String(answer.body))).toMatchObject({ status: 503, reason: 'overloaded' });
    expect(corsOf(answer)).toEqual(PLAIN);
  });

  test('without an allowed origin: Vary alone', async () => {
    const answer = await send({ path: '/api/items', headers: [['Origin', 'https://evil.example']] });
    expect(answer.status).toBe(401);
    expect(corsOf(answer)).toEqual({ vary: 'Origin' });
  });
});

describe('a failure of the upstream: with the fields', () => {
  test('502 upstream_unreachable', async () => {
    const answer = await send(from('/down/a'));
    expect(JSON.parse(String(answer.body))).toMatchObject({ status: 502, reason: 'upstream_unreachable' });
    expect(corsOf(answer)).toEqual(PLAIN);
  });

  test('502 bad_upstream_response', async () => {
    rawUpstream.respond = socket => socket.end('nonsense\r\n\r\n');
    const answer = await send(from('/odd/a'));
    expect(JSON.parse(String(answer.body))).toMatchObject({ status: 502, reason: 'bad_upstream_response' });
    expect(corsOf(answer)).toEqual(PLAIN);
  });

  test('504 upstream_timeout', async () => {
    const answer = await send(from('/odd/a'));
    expect(JSON.parse(String(answer.body))).toMatchObject({ status: 504, reason: 'upstream_timeout' });
    expect(corsOf(answer)).toEqual(PLAIN);
  });
});

describe('the handshake of a WebSocket: no CORS', () => {
  test('101: the fields are the upstream’s', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/cookies/live`, { origin: APP });
    const upgraded = once(client, 'upgrade');
    const [[response]] = await Promise.all([upgraded, once(client, 'open')]);
    const names = Object.keys(response.headers).filter(name => /^(?:access-control-|vary)/.test(name));
    expect(names).toEqual([]);
    client.close();
    await once(client, 'close');
  });

  test('from any origin: accepted, since a token decides', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/cookies/live`, { origin: 'https://evil.example' });
    await once(client, 'open');
    client.close();
    await once(client, 'close');
  });
});
