/**
 * A client or an upstream that stops in the middle must not stall the other side or the gateway. Found by attacking this
 * gateway: each of these was a hang that no time-out ended.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { parseResponses, request, sendRaw } from '../support/raw-http.ts';
import { HANDSHAKE_FIELDS, SWITCHING } from '../support/switching.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { pause } from '../support/waiting.ts';

const head = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

let upstream: Upstream;
let gateway: RunningGateway;

beforeEach(async () => {
  upstream = await startUpstream();
  gateway = await startGateway(`
timeouts: { body: 500ms, headers: 1s, keep_alive: 1s }
drain: { delay: 1ms, limit: 10s }
issuers: { https://login.example.com: { jwks_uri: "http://127.0.0.1:1/keys" } }
routes:
  /: { public: true, upstream: '${upstream.origin}', timeouts: { idle: 2s } }
  /protected: { resource: https://api.example.com/, upstream: '${upstream.origin}' }
`);
});

afterEach(async () => {
  await Promise.all([gateway.close(), upstream.close()]);
});

test('a Link field on which a backtracking expression takes exponential time: the process continues', async () => {
  const link = `<a>${';a=b'.repeat(60)}"`;
  upstream.handle = (_request, response) => {
    response.socket?.write(`HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\n\r\n`);
    response.end('ok');
  };
  const startedAt = performance.now();
  expect(await request(gateway.port, { path: '/' })).toMatchObject({ status: 200 });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test('a handshake under way when the drain begins: its WebSocket gets close code 1001', async () => {
  let answer = () => undefined as unknown;
  const arrived = new Promise<void>(resolve => {
    upstream.handleUpgrade = (_request, socket) => {
      answer = () => socket.write(SWITCHING);
      resolve();
    };
  });
  const answering = sendRaw(gateway.port, head('/ws', HANDSHAKE_FIELDS));
  await arrived;
  const drained = gateway.server.drain();
  answer();
  const [response] = parseResponses(await answering);
  expect(response?.status).toBe(101);
  expect(response?.body.toString('hex')).toBe('880203e9'); // Close, 1001.
  await drained;
});

test('a pipelined request that takes longer than a client may take to read: answered', async () => {
  upstream.handle = (received, response) => {
    if (received.url === '/slow') setTimeout(() => response.end('slow'), 1_200);
    else response.end('fast');
  };
  const answers = parseResponses(await sendRaw(gateway.port, head('/fast') + head('/slow', 'Connection: close\r\n')));
  expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual([
    [200, 'fast'],
    [200, 'slow'],
  ]);
});

test('the rest of a head after its time-out, behind a response: ends its connection and nothing else', async () => {
  let answer = () => undefined as unknown;
  upstream.handle = (received, response) => {
    if (received.url === '/slow') answer = () => response.end('slow');
    else response.end('fast');
  };
  const arrived = once(upstream.server, 'request');
  const client = connect(gateway.port, '127.0.0.1').on('error', () => client.destroy());
  client.write(`${head('/slow')}GET /b HTTP/1.1\r\nHo`);
  await arrived;
  answer();
  await counted(gateway, 'slow_headers');
  client.write('st: a\r\n\r\n');
  client.resume();
  await once(client, 'close');
  expect(await request(gateway.port, { path: '/fast' })).toMatchObject({ status: 200 });
  expect(await gateway.requestLines(3)).toHaveLength(3);
});

test('a client that does not read local replies: disconnected after the time for readers', async () => {
  const client = connect(gateway.port, '127.0.0.1').on('error', () => client.destroy());
  client.pause();
  for (let sent = 0; gateway.log.length >= sent; sent += 100) {
    client.write(head('/protected').repeat(100));
    await Promise.race([gateway.requestLines(sent + 100), pause(250)]);
  }
  await counted(gateway, 'slow_reader');
  expect(upstream.received).toEqual([]);
  client.destroy();
}, 60_000);

test('a tunnel behind a request: ends with its close frame, counted once', async () => {
  upstream.handleUpgrade = (_request, socket) => {
    socket.write(SWITCHING);
  };
  const received = await sendRaw(gateway.port, head('/fast') + head('/ws', HANDSHAKE_FIELDS));
  expect(received.subarray(-4).toString('hex')).toBe('880203e9'); // Close, 1001.
  const ended = (cause: string) => gateway.sample(`audgate_connections_ended_total{cause="${cause}"}`);
  expect([await ended('idle_tunnel'), await ended('slow_reader')]).toEqual([1, 0]);
});

test('an upgrade behind a large response: the response is not stalled', async () => {
  const size = 8 * 1024 * 1024;
  upstream.handle = (_request, response) => response.end(Buffer.alloc(size));
  const client = connect(gateway.port, '127.0.0.1');
  client.write(head('/large') + head('/ws', HANDSHAKE_FIELDS));
  client.pause();
  await once(upstream.server, 'request');
  let received = 0;
  client.on('data', bytes => {
    received += bytes.length;
    if (received > size) client.destroy();
  });
  client.resume();
  await once(client, 'close');
  expect(received).toBeGreaterThan(size);
});

test('a tunnel whose client has disconnected: ends, although its upstream reads nothing', async () => {
  upstream.handleUpgrade = (_request, socket) => {
    socket.pause();
    socket.write(`${SWITCHING}\x82\x7e\xff`);
  };
  const client = connect(gateway.port, '127.0.0.1');
  client.write(head('/ws', HANDSHAKE_FIELDS));
  await once(client, 'data');
  await new Promise<void>(resolve => {
    client.write(Buffer.alloc(12 * 1024 * 1024));
    setTimeout(resolve, 200);
  });
  client.destroy();
  const [line] = await gateway.requestLines(1);
  expect(line).toMatchObject({ status: 101, outcome: 'forwarded' });
});

/** Resolves when the gateway has counted a connection that it ended for `cause`. */
async function counted({ sample }: RunningGateway, cause: string): Promise<void> {
  while ((await sample(`audgate_connections_ended_total{cause="${cause}"}`)) === 0) {
    await pause(20);
  }
}
