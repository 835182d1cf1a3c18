/**
 * Advisories of other proxies and parsers, played against these connections. Each test is named for the advisory, and asks what it
 * was about: may bytes that stood for one thing be taken for another?
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pause, RawClient, until } from './client.ts';
import { type RunningRelay, startRelay } from './relay.ts';
import { ScriptedUpstream } from './scripted-upstream.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

let upstream: ScriptedUpstream;
let relay: RunningRelay;
const clients: RawClient[] = [];

beforeEach(async () => {
  upstream = await ScriptedUpstream.listen();
  upstream.answer(OK);
  relay = await startRelay(upstream.port);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all([relay.close(), upstream.close()]);
  expect(relay.faults).toEqual([]);
});

async function open(sent: string): Promise<RawClient> {
  const client = await RawClient.open(relay.port, sent);
  clients.push(client);
  return client;
}

const seen = () => upstream.connections.map(({ received }) => received).join('');

describe('CVE-2025-4366 (Pingora): a body that was not drained is taken for the next request', () => {
  test.each([
    ['a length', `POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n`, HIDDEN],
    [
      'chunks',
      'POST /none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
      `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
    ],
  ])(
    '%s, answered before the body was read: what is in it is no request, what follows it is',
    async (_name, head, body) => {
      upstream.onData = ({ socket }, piece) => {
        if (piece.startsWith('POST')) socket.destroy();
        else socket.write(OK);
      };
      const client = await open(`${head}${body}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.wholeResponses(2);
      expect(client.responses().map(({ status }) => status)).toEqual([502, 200]);
      expect(upstream.connections.map(({ received }) => received.split(' HTTP')[0])).toEqual([
        'POST /none',
        'GET /next',
      ]);
    },
  );

  test.each([
    ['a length', `POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n`],
    ['chunks', `POST /none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ])('%s, answered before the body has come: what comes then is no request', async (_name, head) => {
    upstream.onData = ({ socket }) => socket.destroy();
    const client = await open(head);
    await client.wholeResponses(1);
    upstream.answer(OK);
    client.send(HIDDEN);
    await client.closed();
    expect(client.responses().map(({ status }) => status)).toEqual([502]);
    expect(seen()).not.toContain('hidden');
  });
});

describe('CVE-2026-2833 (Pingora): bytes behind an Upgrade are passed on before the 101', () => {
  const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  test('the upstream is silent: it has the handshake and nothing else', async () => {
    upstream.onData = () => undefined;
    await open(`${UPGRADE}${HIDDEN}`);
    await until(() => upstream.connections.length === 1);
    await pause(150);
    expect(seen()).toMatch(/^GET \/ws HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)+\r\n$/);
  });

  test('the upstream does not switch: what stood behind is a request like any other, on its own', async () => {
    const client = await open(`${UPGRADE}${HIDDEN}`);
    await client.wholeResponses(2);
    expect(client.responses().map(({ status }) => status)).toEqual([200, 200]);
    const lines = upstream.connections.flatMap(({ received }) => received.match(/^(?:GET|X-Sent)/gm) ?? []);
    expect(lines).toEqual(['GET', 'X-Sent', 'GET', 'X-Sent']);
  });

  test('the upstream switches to something else: 502, and nothing was passed on in either direction', async () => {
    upstream.answer('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nPOISON');
    const client = await open(`${UPGRADE}${HIDDEN}`);
    await client.wholeResponses(1);
    expect(client.responses()[0]?.status).toBe(502);
    expect(client.text).not.toContain('POISON');
  });
});

test.each(['DELETE', 'OPTIONS', 'GET'])('CVE-2026-29057 (http-proxy): a chunked %s stays one request', async method => {
  upstream.onData = ({ socket, received }) => {
    if (received.endsWith('0\r\n\r\n')) socket.write(OK);
  };
  const body = `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`;
  const client = await open(`${method} /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
  expect((await client.wholeResponses(1)).length).toBe(1);
  expect(seen()).toMatch(
    /^\w+ \/x HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)*Transfer-Encoding: chunked\r\n\r\n21\r\nGET \/hidden/i,
  );
  expect(seen()).not.toMatch(/content-length/i);
});

describe('CVE-2022-35256 and CVE-2023-30589 (llhttp): a field that does not end with CRLF', () => {
  test.each([
    ['a bare CR before Transfer-Encoding', 'X: y\rTransfer-Encoding: chunked\r\n'],
    ['a bare CR behind an empty value', 'X:\rTransfer-Encoding: chunked\r\n'],
    ['a bare CR before Content-Length', `X: y\rContent-Length: ${HIDDEN.length}\r\n`],
    ['CR CR LF', `X: y\r\r\nContent-Length: ${HIDDEN.length}\r\n`],
    ['a bare LF', `X: y\nContent-Length: ${HIDDEN.length}\r\n`],
    ['LF CR', `X: y\n\rContent-Length: ${HIDDEN.length}\r\n`],
    ['a bare CR before the empty line', 'X: y\r\r\n'],
    ['a value of a bare CR', 'Transfer-Encoding: chunked\r\nX: \r\r\n'],
  ])('%s: 400, and nothing is passed on', async (_name, fields) => {
    const client = await open(`POST /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n${HIDDEN}`);
    await client.closed();
    expect(client.responses().map(({ status }) => status)).toEqual([400]);
    expect(upstream.connections).toEqual([]);
  });
});

describe('CVE-2024-22019 (node:http): extensions of chunks without a bound', () => {
  test('16 KiB of them: 400, and the upload ends', async () => {
    upstream.onData = () => undefined;
    const client = await open('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;');
    for (let count = 0; count < 100 && !client.isEnded; count += 1) {
      client.send('a'.repeat(1_000));
      await pause(1);
    }
    await client.closed();
    expect(client.responses()[0]?.status).toBe(400);
  });
});

describe('GHSA-35p6-xmwp-9g52 (undici): bytes that wait on a kept connection are the next response', () => {
  test('they were there before the request: it gets a connection of its own', async () => {
    const client = await open('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.wholeResponses(1);
    // In one turn, and the request first: both are there when the event loop looks, and it sees the request before them.
    client.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    upstream.connections[0]?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON');
    await client.wholeResponses(2);
    expect(client.text).not.toContain('POISON');
    expect(upstream.connections.length).toBe(2);
  });
});
