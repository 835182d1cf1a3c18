/**
 * A client that sends or reads slowly uses its own connection only, for a limited time, and delays no other client.
 *
 * Seen in: http-proxy #1559, fastify reply-from (slow headers, slow bodies, slow readers hold upstream connections);
 * slowloris, slowhttptest's modes H, B and R.
 */

import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { parseResponses, request } from '../support/raw-http.ts';
import { readBody, startUpstream, type Upstream } from '../support/upstream.ts';
import { pause } from '../support/waiting.ts';

let upstream: Upstream;
let gateway: RunningGateway;
/** How each request ended at the upstream. */
const ends: string[] = [];

beforeAll(async () => {
  upstream = await startUpstream({
    handle: async (req, res, received) => {
      res.on('error', () => undefined);
      res.once('close', () => ends.push(res.writableFinished ? 'finished' : 'aborted'));
      if (received.url === '/x/endless') return sendEndlessly(res.writeHead(200));
      if (received.url === '/x/events')
        return sendEndlessly(res.writeHead(200, { 'content-type': 'text/event-stream' }));
      await readBody(req, received).catch(() => undefined);
      return res.end('ok');
    },
  });
  gateway = await startGateway(`
timeouts: { headers: 500ms, body: 500ms, keep_alive: 500ms }
routes:
  /x: { public: true, upstream: "${upstream.origin}" }
`);
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const LINE = 'POST /x/up HTTP/1.1\r\nHost: a.example\r\n';
const LENGTH = `${LINE}Content-Length: 1000\r\n\r\n`;
const CHUNKED = `${LINE}Transfer-Encoding: chunked\r\n\r\n`;

const HANGING: readonly (readonly [name: string, bytes: string, statuses: readonly number[], drip: string])[] = [
  ['half a request line', 'GET /x', [408], ''],
  ['half a head', LINE, [408], ''],
  ['a head without its last line end', `${LINE}\r`, [408], ''],
  ['a head, byte by byte', 'GET /x HTTP/1.1\r\nHost: a.example\r\nX-A: ', [408], 'x'],
  ['a head, field by field', LINE, [408], 'X-A: b\r\n'],
  ['a body of which nothing comes', LENGTH, [408], ''],
  ['half a body', `${LENGTH}hello`, [408], ''],
  ['no chunk', CHUNKED, [408], ''],
  ['half a chunk', `${CHUNKED}5\r\nhel`, [408], ''],
  ['a chunk and no other', `${CHUNKED}5\r\nhello\r\n`, [408], ''],
  ['half a chunk size', `${CHUNKED}5`, [408], ''],
  ['nothing at all', '', [], ''],
  ['an empty line', '\r\n', [408], ''],
  ['nothing behind an answer', 'GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n', [200], ''],
  ['half a head behind an answer', `GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n${LINE}`, [200, 408], ''],
];

/** All are started together, as each of them takes longer than a second. */
const hanging = new Map<string, Client>();

beforeAll(() => {
  for (const [name, bytes, , drip] of HANGING) {
    const client = open(bytes);
    hanging.set(name, client);
    if (drip === '') continue;
    const timer = setInterval(() => client.socket.write(drip), 100);
    client.socket.once('close', () => clearInterval(timer));
  }
});

test.each(HANGING)(
  '%s: its connection is closed in time',
  async (name, _bytes, statuses) => {
    const client = hanging.get(name);
    await client?.closed;
    expect(parseResponses(client?.received() ?? Buffer.alloc(0)).map(({ status }) => status)).toEqual(statuses);
    expect((await request(gateway.port, { path: '/x' })).status).toBe(200);
  },
  6000,
);

test.each([
  ['a length', LENGTH, () => 'x'.repeat(125)],
  ['chunks', CHUNKED, (last: boolean) => `7d\r\n${'x'.repeat(125)}\r\n${last ? '0\r\n\r\n' : ''}`],
])('a slow body with %s, each piece in time: arrives whole', async (_name, head, piece) => {
  upstream.received.length = 0;
  const client = open(head);
  for (let count = 1; count <= 8; count += 1) {
    await pause(100);
    client.socket.write(piece(count === 8));
  }
  await client.until('ok');
  expect(upstream.received.find(({ method }) => method === 'POST')?.body?.length).toBe(1000);
  client.socket.destroy();
});

test('slow heads: counted', async () => {
  const before = await gateway.sample('audgate_connections_ended_total{cause="slow_headers"}');
  const client = open(LINE);
  await client.closed;
  expect(await gateway.sample('audgate_connections_ended_total{cause="slow_headers"}')).toBe(before + 1);
  const denied = 'audgate_denials_total{route="(none)",reason="request_timeout",action="refused"}';
  expect(await gateway.sample(denied)).toBeGreaterThan(0);
});

test('slow bodies: counted for their route', async () => {
  const series = 'audgate_denials_total{route="/x",reason="request_timeout",action="refused"}';
  const before = await gateway.sample(series);
  const client = open(`${LENGTH}hello`);
  await client.closed;
  expect(await gateway.sample(series)).toBe(before + 1);
});

test.each(['/x/endless', '/x/events'])(
  'a client that does not read %s: disconnected and counted, its request at the upstream ends',
  async path => {
    ends.length = 0;
    const before = await gateway.sample('audgate_connections_ended_total{cause="slow_reader"}');
    const client = open(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    await client.until('200 OK');
    client.socket.pause();
    await vi.waitFor(() => expect(ends).toEqual(['aborted']), { timeout: 8000 });
    await vi.waitFor(
      async () => expect(await gateway.sample('audgate_connections_ended_total{cause="slow_reader"}')).toBe(before + 1),
      { timeout: 3000 },
    );
    client.socket.destroy();
  },
);

test('a client that reads slowly: not disconnected', async () => {
  ends.length = 0;
  const client = open('GET /x/endless HTTP/1.1\r\nHost: a.example\r\n\r\n');
  await client.until('200 OK');
  const before = client.count();
  const drip = setInterval(() => (client.socket.isPaused() ? client.socket.resume() : client.socket.pause()), 50);
  // Twice the time for which it may read nothing.
  await pause(1000);
  clearInterval(drip);
  expect(client.socket.destroyed).toBe(false);
  expect(ends).toEqual([]);
  expect(client.count()).toBeGreaterThan(before);
  client.socket.destroy();
  await vi.waitFor(() => expect(ends).toEqual(['aborted']), { timeout: 3000 });
});

test('a hundred slow heads, a hundred slow bodies and five slow readers: other clients are served as before', async () => {
  const hang = (count: number, bytes: string) => Array.from({ length: count }, () => open(bytes));
  const readers = hang(5, 'GET /x/endless HTTP/1.1\r\nHost: a.example\r\n\r\n');
  for (const { socket } of readers) socket.pause();
  const slow = [...hang(100, LINE), ...hang(100, LENGTH), ...readers];
  for (let count = 0; count < 10; count += 1) {
    const response = await request(gateway.port, { path: '/x' }, { timeout: 15_000 });
    expect(response).toMatchObject({ status: 200, complete: true });
  }
  for (const { socket } of slow) socket.destroy();
  await vi.waitFor(() => expect(upstream.sockets.open).toBeLessThan(30), { timeout: 5000 });
});

interface Client {
  readonly socket: Socket;
  /** The first bytes of the response. */
  received(): Buffer;
  /** The length of the response so far, in bytes. */
  count(): number;
  until(marker: string): Promise<void>;
  readonly closed: Promise<unknown>;
}

function open(bytes: string): Client {
  const socket = connect(gateway.port, '127.0.0.1');
  const changes = new EventEmitter();
  const pieces: Buffer[] = [];
  let length = 0;
  const closed = new Promise(resolve => socket.once('close', resolve));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => changes.emit('change'));
  socket.on('data', piece => {
    // Of an endless response only the first bytes are kept.
    if (length < 65_536) pieces.push(piece);
    length += piece.length;
    changes.emit('change');
  });
  socket.write(bytes);
  const received = () => Buffer.concat(pieces);
  const until = async (marker: string) => {
    while (!received().includes(marker)) {
      if (socket.destroyed) throw new Error(`closed before ${marker}`);
      await once(changes, 'change');
    }
  };
  return { socket, received, count: () => length, until, closed };
}

function sendEndlessly(res: {
  write(piece: Buffer): boolean;
  once(event: 'drain', listener: () => void): unknown;
  destroyed: boolean;
}): void {
  const piece = Buffer.alloc(65_536, 'x');
  const more = () => {
    while (!res.destroyed && res.write(piece));
    if (!res.destroyed) res.once('drain', more);
  };
  more();
}
