/** What the access log says of real requests: the client's address, bytes, trace, and tokens that did not verify. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type LogLine, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, formatChunks, formatRequest, type HeaderPair, type RawRequest } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

/** All of 127.0.0.0/8 is this machine. */
const PROXY = '127.0.0.7';
const STRANGER = '127.0.0.1';
const RESOURCE = 'https://api.example/';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT: HeaderPair = ['traceparent', `00-${TRACE}-00f067aa0ba902b7-01`];

let issuer: TokenIssuer;
let stranger: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let seen = 0;

beforeAll(async () => {
  [issuer, stranger, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
trusted_proxies: [127.0.0.4/30, 10.0.0.0/8]
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /: { public: true, upstream: "${upstream.origin}" }
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
`);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), stranger.close(), upstream.close()]);
});

/** Sends a request from one of the addresses of this machine. @returns its line in the log. */
async function lineOf(sent: RawRequest | string, from = STRANGER): Promise<LogLine> {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: from });
  socket.write(typeof sent === 'string' ? sent : formatRequest(gateway.port, sent), 'latin1');
  socket.resume().on('error', () => undefined);
  await new Promise(resolve => socket.once('close', resolve));
  return nextLine();
}

async function nextLine(): Promise<LogLine> {
  seen += 1;
  const lines = await gateway.requestLines(seen);
  return lines[seen - 1] ?? {};
}

describe('client', () => {
  test.each<[string, string, readonly HeaderPair[], string]>([
    ['no proxy', STRANGER, [], STRANGER],
    ['a client that is no proxy', STRANGER, [['X-Forwarded-For', '203.0.113.7']], STRANGER],
    ['a proxy', PROXY, [['X-Forwarded-For', '203.0.113.7']], '203.0.113.7'],
    ['a proxy that says nothing', PROXY, [], PROXY],
    ['a proxy, with a port', PROXY, [['X-Forwarded-For', '203.0.113.7:51234']], '203.0.113.7'],
    ['a proxy, IPv6 with a port', PROXY, [['X-Forwarded-For', '[2001:db8::1]:443']], '2001:db8::1'],
    ['what the client wrote in front', PROXY, [['X-Forwarded-For', '6.6.6.6, 203.0.113.7']], '203.0.113.7'],
    ['two proxies', PROXY, [['X-Forwarded-For', '6.6.6.6, 203.0.113.7, 10.0.0.1']], '203.0.113.7'],
    [
      'two fields',
      PROXY,
      [
        ['X-Forwarded-For', '203.0.113.7'],
        ['x-forwarded-for', '10.0.0.1'],
      ],
      '203.0.113.7',
    ],
    ['proxies alone', PROXY, [['X-Forwarded-For', '10.0.0.2, 10.0.0.1']], '10.0.0.2'],
    ['no address', PROXY, [['X-Forwarded-For', '203.0.113.7, unknown']], PROXY],
    ['what cannot be read', PROXY, [['X-Forwarded-For', '203.0.113.7, evil"}, 10.0.0.1']], PROXY],
    ['Forwarded', PROXY, [['Forwarded', 'for=6.6.6.6, for="[2001:db8::1]"']], '2001:db8::1'],
  ])('%s: the address of whom nobody trusted can choose', async (_, from, headers, client) => {
    expect(await lineOf({ path: '/a', headers }, from)).toMatchObject({ client, via: 'proxy' });
  });

  test('a head that cannot be parsed: the address of the connection', async () => {
    const line = await lineOf('GET / HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6\r\n bad\r\n\r\n', PROXY);
    expect(line).toMatchObject({ status: 400, client: PROXY });
  });
});

describe('trace_id', () => {
  test('a valid traceparent: in the line, also of a refusal', async () => {
    expect(await lineOf({ path: '/a', headers: [TRACEPARENT] })).toMatchObject({ trace_id: TRACE });
    expect(await lineOf({ path: '/api', headers: [TRACEPARENT] })).toMatchObject({ trace_id: TRACE, status: 401 });
  });

  test('two, or an invalid one: none', async () => {
    for (const headers of [[TRACEPARENT, TRACEPARENT], [['traceparent', TRACEPARENT[1].toUpperCase()] as const]]) {
      expect(await lineOf({ path: '/a', headers })).not.toHaveProperty('trace_id');
    }
  });
});

describe('bytes_in and bytes_out: of the bodies, without their framing', () => {
  const answer = (status: number, body: string) => {
    upstream.handle = (request, response) => {
      request.resume();
      request.once('end', () => response.writeHead(status).end(body));
    };
  };

  test.each<[string, RawRequest | string, number, number]>([
    ['GET', { path: '/a' }, 0, 5],
    ['a body with its length', { method: 'POST', path: '/a', body: 'abc' }, 3, 5],
    [
      'a chunked body',
      `POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${formatChunks('abc', 'de')}`,
      5,
      5,
    ],
    ['HEAD', { method: 'HEAD', path: '/a' }, 0, 0],
    ['a large body', { method: 'POST', path: '/a', body: 'x'.repeat(300_000) }, 300_000, 5],
  ])('%s', async (_, sent, bytesIn, bytesOut) => {
    answer(200, 'hello');
    expect(await lineOf(sent)).toMatchObject({ bytes_in: bytesIn, bytes_out: bytesOut, status: 200 });
  });

  test('a reply of the gateway: its body, and none of a body that was not read', async () => {
    const line = await lineOf({ method: 'POST', path: '/api', body: 'abc' });
    const title = { title: 'An access token is required', status: 401, reason: 'missing_token' };
    const length = JSON.stringify({ ...title, request_id: line['request_id'] }).length;
    expect(line).toMatchObject({ bytes_in: 0, bytes_out: length });
  });

  test('a WebSocket: what its client sent and was sent behind the handshake', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/live`);
    await new Promise(resolve => client.once('open', resolve));
    client.send('hello');
    await new Promise(resolve => client.once('message', resolve));
    client.close();
    await new Promise(resolve => client.once('close', resolve));
    // Frames of 5 bytes and a close frame without a code: 2 bytes of head, and of the client 4 of its mask (RFC 6455 section 5.2).
    expect(await nextLine()).toMatchObject({ status: 101, bytes_in: 11 + 6, bytes_out: 7 + 2 });
  });
});

describe('a token that did not verify', () => {
  test('of an unknown issuer: its iss, kid and alg, and no claim of it', async () => {
    const line = await lineOf({ path: '/api', headers: [bearer(await stranger.sign({ claims: { sub: 'mallory' } }))] });
    const unverified = { iss: stranger.issuer, kid: expect.any(String), alg: 'ES256' };
    expect(line).toMatchObject({ reason: 'untrusted_issuer', unverified });
    expect(JSON.stringify(line)).not.toContain('mallory');
    expect(line).not.toHaveProperty('iss');
  });

  test('with another signature: likewise', async () => {
    const [header, , signature] = (await issuer.sign({ claims: { aud: RESOURCE } })).split('.');
    const claims = Buffer.from(JSON.stringify({ iss: issuer.issuer, sub: 'mallory' })).toString('base64url');
    const line = await lineOf({ path: '/api', headers: [bearer(`${header}.${claims}.${signature}`)] });
    expect(line).toMatchObject({ reason: 'bad_signature', unverified: { iss: issuer.issuer, alg: 'ES256' } });
    expect(JSON.stringify(line)).not.toContain('mallory');
  });

  test('a kid of 10 KB with control characters: cut at 256 characters, escaped', async () => {
    const header = Buffer.from(JSON.stringify({ alg: 'none', kid: '\u202e\n'.repeat(2_000) })).toString('base64url');
    const line = await lineOf({ path: '/api', headers: [bearer(`${header}.e30.`)] });
    expect(line['unverified']).toEqual({ alg: 'none', kid: '\u202e\n'.repeat(128) });
    expect(line).toMatchObject({ truncated: true });
  });

  test('opaque, absent, or two of them: no such field', async () => {
    const two = [bearer(await issuer.sign()), bearer(await issuer.sign())];
    for (const headers of [[bearer('opaque')], [], two]) {
      expect(await lineOf({ path: '/api', headers })).not.toHaveProperty('unverified');
    }
  });

  test('on a public route: nobody reads it', async () => {
    upstream.handle = (_, response) => response.end();
    expect(await lineOf({ path: '/a', headers: [bearer(await stranger.sign())] })).not.toHaveProperty('unverified');
  });

  test('verified, and expired since: its client, and no such field', async () => {
    const claims = { aud: RESOURCE, sub: 'alice', client_id: 'shop', exp: Math.floor(Date.now() / 1000) - 60 };
    const line = await lineOf({ path: '/api', headers: [bearer(await issuer.sign({ claims }))] });
    expect(line).toMatchObject({ reason: 'token_expired', sub: 'alice', client_id: 'shop', iss: issuer.issuer });
    expect(line).not.toHaveProperty('unverified');
  });
});

test('access_log: omitted fields are in no line, false writes none, and metrics count all the same', async () => {
  const routes = `routes: { /: { public: true, upstream: "${upstream.origin}" } }`;
  const quiet = await startGateway(`access_log: false\n${routes}`);
  const terse = await startGateway(`access_log: { omit: [client, host, request_id] }\n${routes}`);
  for (const { origin } of [quiet, terse]) await (await fetch(`${origin}/a`)).arrayBuffer();
  const [line] = await terse.requestLines(1);
  for (const name of ['client', 'host', 'request_id']) expect(line).not.toHaveProperty(name);
  expect(line).toMatchObject({ path: '/a', status: 200 });
  expect(await quiet.sample('audgate_requests_total{route="/",method="GET",status="200"}')).toBe(1);
  await Promise.all([quiet.close(), terse.close()]);
  expect(quiet.log.filter(({ msg }) => msg === 'request')).toEqual([]);
});
