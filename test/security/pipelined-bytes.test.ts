/**
 * What waits behind a slow request is bounded in bytes: the parser gets the next head when it is its turn, and reading
 * stops. Nothing that a client may pipeline is lost by that, and a client that leaves is still noticed.
 *
 * Seen in: this gateway, where 254 heads of 15 KB behind one slow request held 4.4 MiB, and 66 such connections ended a
 * process of 256 MB; every queue that is bounded by a count.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Random } from '../fuzz/prng.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { parseResponses, request, sendRaw } from '../support/raw-http.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../support/upstream.ts';
import { pause } from '../support/waiting.ts';

/** What is read ahead, a piece that node:net reads, and one more that it reads of a paused socket. */
const MOST_HELD = (16 + 64 + 64) * 1024;
/** Milliseconds within which a client that leaves is noticed. */
const PROMPT = 250;
/** For what is served one after the other, on a machine that does other things. */
const PATIENCE = 30_000;
const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`;
const LARGE = get('/x/large', `X-Filling: ${'x'.repeat(15_000)}\r\n`);

let upstream: Upstream;
let gateway: RunningGateway;
/** The gateway's side of each client's connection, by the client's port. */
const theirs = new Map<number, Socket>();
/** Requests that node:http has parsed, by the client's port. */
const parsed = new Map<number, number>();

const onSocket = (message: unknown) => {
  const { socket } = message as { readonly socket: Socket };
  if (socket.localPort === gateway.port) theirs.set(socket.remotePort ?? 0, socket);
};
const onRequest = (message: unknown) => {
  const { remotePort = 0 } = (message as { readonly request: IncomingMessage }).request.socket;
  parsed.set(remotePort, (parsed.get(remotePort) ?? 0) + 1);
};

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway(`
timeouts: { headers: 1s, body: 1s, keep_alive: 1s }
routes:
  /x: { public: true, upstream: "${upstream.origin}" }
  /short: { public: true, upstream: "${upstream.origin}", timeouts: { response: 1s } }
  /small: { public: true, upstream: "${upstream.origin}", limits: { body: 8B } }
`);
  subscribe('net.server.socket', onSocket);
  subscribe('http.server.request.start', onRequest);
});

beforeEach(() => {
  upstream.handle = answerWithWhatArrived;
  upstream.received.length = 0;
});

afterAll(async () => {
  unsubscribe('net.server.socket', onSocket);
  unsubscribe('http.server.request.start', onRequest);
  upstream.server.closeAllConnections();
  await gateway.close();
  await upstream.close();
});

/** A client whose first request is at the upstream, and stays there until it is answered. */
async function startSlowRequest(behind: string, path = '/x/slow') {
  const answers: ServerResponse[] = [];
  const closed = new Promise<void>(resolve => {
    upstream.handle = (req, res, received) => {
      if (!received.url.endsWith('/slow')) return answerWithWhatArrived(req, res, received);
      res.on('error', () => undefined).once('close', () => resolve());
      return answers.push(res);
    };
  });
  const client = connect(gateway.port, '127.0.0.1').on('error', () => client.destroy());
  await once(client, 'connect');
  const arrived = once(upstream.server, 'request');
  client.write(get(path) + behind);
  await arrived;
  const port = client.localPort ?? 0;
  const answer = () => answers[0]?.end('slow');
  return { client, answer, closed, port, socket: theirs.get(port) as Socket };
}

/** Waits until the gateway has read nothing more for a while, however much the client still sends. */
async function settle(socket: Socket): Promise<number> {
  let before = -1;
  while (socket.bytesRead !== before) {
    before = socket.bytesRead;
    await pause(100);
  }
  return before;
}

describe('a client that pipelines is served all of it, in order', () => {
  test.each([10, 100, 1_000])('%i requests in one write', async count => {
    upstream.handle = (req, res) => res.end(req.url);
    const bytes = Array.from({ length: count }, (_, index) => get(`/x/${index}`)).join('');
    const received = await sendRaw(gateway.port, bytes, { until: countEnds(count), timeout: PATIENCE });
    const bodies = parseResponses(received).map(({ body }) => body.toString());
    expect(bodies).toEqual(Array.from({ length: count }, (_, index) => `/x/${index}`));
  });

  test('ten thousand that are refused', async () => {
    const received = await sendRaw(gateway.port, get('/none').repeat(10_000), {
      until: countEnds(10_000),
      timeout: PATIENCE,
    });
    const statuses = parseResponses(received).map(({ status }) => status);
    expect([statuses.length, ...new Set(statuses)]).toEqual([10_000, 404]);
  });

  test('a thousand behind a slow one', async () => {
    const paths = Array.from({ length: 1_000 }, (_, index) => `/x/${index}`);
    const { client, answer } = await startSlowRequest(paths.map(path => get(path)).join(''));
    const pieces: string[] = [];
    const last = new Promise<void>(resolve => {
      client.setEncoding('latin1').on('data', (piece: string) => {
        pieces.push(piece);
        if (pieces.slice(-2).join('').includes('"/x/999"')) resolve();
      });
    });
    answer();
    await last;
    const text = pieces.join('');
    expect([...text.matchAll(/"url":"(\/x\/\d+)"/g)].map(match => match[1])).toEqual(paths);
    client.destroy();
  });

  test('requests and bodies of every kind, cut anywhere: each arrives as it was sent', async () => {
    for (let round = 0; round < 25; round += 1) {
      const random = new Random(20261126, round);
      const sent = random.many(12, 12, index => createRequest(random, `/x/${round}/${index}`));
      const client = connect(gateway.port, '127.0.0.1').setNoDelay();
      const received: Buffer[] = [];
      client.on('data', piece => received.push(piece));
      await writeInPieces(client, random, sent.map(({ bytes }) => bytes).join(''));
      const answers = () => parseResponses(Buffer.concat(received), { open: true }).filter(({ complete }) => complete);
      await vi.waitFor(() => expect(answers()).toHaveLength(sent.length), { timeout: PATIENCE, interval: 20 });
      client.destroy();
      const arrived = answers().map(({ body }) => JSON.parse(body.toString()));
      expect(arrived.map(({ url, body }) => [url, body.text])).toEqual(sent.map(({ url, text }) => [url, text]));
    }
  }, 60_000);
});

/** Bodies that look like heads, and parts of them. */
const SCRAPS = ['\r\n', '\n\r\n', '\r\n\r\n', 'HTTP/1.1', get('/x/forged'), '0\r\n\r\n', 'x', '\n\n', 'a'.repeat(900)];

function createRequest(random: Random, url: string) {
  const blank = random.pick(['', '', '\r\n']);
  const kind = random.below(3);
  if (kind === 0) return { url, text: '', bytes: get(url) + blank };
  const text = random.many(0, 5, () => random.pick(SCRAPS)).join('');
  const head = `POST ${url} HTTP/1.1\r\nHost: a.example\r\n`;
  if (kind === 1) return { url, text, bytes: `${head}Content-Length: ${text.length}\r\n\r\n${text}${blank}` };
  const chunks = [text.slice(0, 7), text.slice(7)].filter(chunk => chunk !== '');
  const chunked = chunks.map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  return { url, text, bytes: `${head}Transfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n${blank}` };
}

async function writeInPieces(client: Socket, random: Random, bytes: string): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const size = random.between(1, random.pick([3, 200, 4_000]));
    client.write(bytes.slice(at, at + size), 'latin1');
    at += size;
    if (random.chance(12)) await setImmediate();
  }
}

/** @returns whether so many responses have begun, without reading them anew for each piece. */
function countEnds(count: number): (received: Buffer) => boolean {
  let found = 0;
  let at = 0;
  return received => {
    for (let next = received.indexOf('HTTP/1.1 ', at); next !== -1; next = received.indexOf('HTTP/1.1 ', at)) {
      found += 1;
      at = next + 1;
    }
    return found === count && parseResponses(received.subarray(at - 1), { open: true })[0]?.complete === true;
  };
}

describe('what waits on a connection', () => {
  test.each([
    ['heads of 15 KB', LARGE.repeat(300)],
    ['the smallest heads', 'GET / HTTP/1.1\r\n\r\n'.repeat(200_000)],
    ['one head without an end', 'GET /x/b HTTP/1.1\r\nX-A: '.padEnd(4_000_000, 'x')],
    ['empty lines', '\r\n'.repeat(2_000_000)],
  ])('%s behind a slow request: one is parsed, reading stops, and nothing else is held', async (_name, bytes) => {
    const { client, port, socket, closed } = await startSlowRequest(bytes);
    expect((await settle(socket)) - get('/x/slow').length).toBeLessThanOrEqual(MOST_HELD);
    expect(parsed.get(port)).toBe(1);
    expect(socket.readableLength).toBeLessThanOrEqual(MOST_HELD);
    client.destroy();
    upstream.server.closeAllConnections();
    await closed;
  });

  test('bytes that trickle in behind a slow request: no more than as many', async () => {
    const { client, socket, port } = await startSlowRequest('');
    client.setNoDelay();
    for (let count = 0; count < 400; count += 1) {
      client.write('x'.repeat(1_000));
      await setImmediate();
    }
    expect((await settle(socket)) - get('/x/slow').length).toBeLessThanOrEqual(MOST_HELD);
    expect(parsed.get(port)).toBe(1);
    client.destroy();
    upstream.server.closeAllConnections();
  });

  test('a request that ends the same piece as a body waits alone, and is served', async () => {
    const upload = 'POST /x/slow HTTP/1.1\r\nHost: a.example\r\nContent-Length: 30000\r\n\r\n';
    const { client, port, answer, socket } = await startSlowRequest('');
    client.destroy();
    const other = connect(gateway.port, '127.0.0.1');
    await once(other, 'connect');
    const arrived = once(upstream.server, 'request');
    other.write(upload + 'x'.repeat(30_000) + get('/x/1') + get('/x/2') + LARGE.repeat(300));
    await arrived;
    const theirSide = theirs.get(other.localPort ?? 0) as Socket;
    expect((await settle(theirSide)) - 30_000).toBeLessThanOrEqual(MOST_HELD);
    expect(parsed.get(other.localPort ?? 0)).toBeLessThanOrEqual(2);
    other.destroy();
    answer();
    expect([socket.destroyed, parsed.get(port)]).toEqual([true, 1]);
    // It is not seen to have left.
    upstream.server.closeAllConnections();
  });

  test('heads that are none of HTTP/1, behind a body in one piece: the connection ends, and is counted', async () => {
    const ended = 'audgate_connections_ended_total{cause="pipeline_limit"}';
    const before = await gateway.sample(ended);
    const { client } = await startSlowRequest('');
    client.destroy();
    const hostile = connect(gateway.port, '127.0.0.1').on('error', () => hostile.destroy());
    const head = 'POST /x/slow HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\n';
    hostile.write(`${head}ab${'OPTIONS * RTSP/1.0\r\n\r\n'.repeat(100)}`);
    hostile.resume();
    await once(hostile, 'close');
    await vi.waitFor(async () => expect(await gateway.sample(ended)).toBe(before + 1));
  });
});

describe('a client that leaves while its request is under way', () => {
  const behind: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['half a head', get('/x/b').slice(0, 20)],
    ['one head', get('/x/b')],
    ['one head of 15 KB', LARGE],
    ['a hundred small heads', get('/x/b').repeat(100)],
  ];
  const cases = behind.flatMap(([name, bytes]) =>
    (['resets', 'closes'] as const).map(how => [name, how, bytes] as const),
  );

  test.each(cases)('%s sent behind it, and it %s: its request ends within 250 ms', async (_name, how, bytes) => {
    const measured: number[] = [];
    while (measured.length < 5 && !measured.some(elapsed => elapsed <= PROMPT)) {
      const { client, closed, socket } = await startSlowRequest(bytes);
      await settle(socket);
      const startedAt = performance.now();
      if (how === 'resets') client.resetAndDestroy();
      else client.destroy();
      await closed;
      measured.push(performance.now() - startedAt);
    }
    expect(Math.min(...measured), `${measured}`).toBeLessThanOrEqual(PROMPT);
  });

  test.each(['resets', 'closes'] as const)(
    'more sent than is read ahead, and it %s: timeouts.response of the route is the bound',
    async how => {
      const { client, closed, socket } = await startSlowRequest(LARGE.repeat(300), '/short/slow');
      await settle(socket);
      const startedAt = performance.now();
      if (how === 'resets') client.resetAndDestroy();
      else client.destroy();
      await closed;
      expect(performance.now() - startedAt).toBeLessThan(2_500);
      await isClosed(socket);
    },
  );

  test('more sent than is read ahead: the next byte that is written tells', async () => {
    const { client, answer, socket } = await startSlowRequest(LARGE.repeat(300));
    await settle(socket);
    client.resetAndDestroy();
    answer();
    await isClosed(socket);
  });
});

/** Not by `once`, which an error would end. */
function isClosed(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

describe('a connection that ends with its answer', () => {
  test.each([
    ['a kept-alive answer is the last, for the client said so', 'Connection: close\r\n', '/x/slow', 200],
    ['a refusal', 'Connection: close\r\n', '/none/slow', 404],
  ])('%s: it arrives whole, whatever was sent behind it', async (_name, fields, path, status) => {
    const size = 2 * 1024 * 1024;
    upstream.handle = (_req, res) => setTimeout(() => res.end(Buffer.alloc(size)), 200);
    const client = connect(gateway.port, '127.0.0.1');
    let reset: unknown;
    client.on('error', error => {
      reset = error;
    });
    client.write(get(path, fields) + LARGE.repeat(100));
    client.pause();
    await pause(600);
    const pieces: Buffer[] = [];
    client.on('data', piece => pieces.push(piece));
    client.resume();
    await once(client, 'close');
    const [answer] = parseResponses(Buffer.concat(pieces));
    expect(answer).toMatchObject({ status, complete: true });
    if (status === 200) expect(answer?.body.length).toBe(size);
    expect(reset).toBeUndefined();
  });
});

describe('what else is behind a head', () => {
  test('200 KB behind a handshake: they reach the other end of the WebSocket, in order', async () => {
    const sent = Buffer.alloc(200_000, 'abcdefghij');
    const received: Buffer[] = [];
    const all = new Promise<void>(resolve => {
      upstream.handleUpgrade = (_req, socket, head) => {
        const keep = (piece: Buffer) => {
          received.push(piece);
          if (Buffer.concat(received).length >= sent.length) resolve();
        };
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
        );
        keep(head);
        socket.on('data', keep).on('error', () => socket.destroy());
      };
    });
    const client = connect(gateway.port, '127.0.0.1').on('error', () => client.destroy());
    client.write(Buffer.concat([Buffer.from(get('/x/first') + get('/x/ws', HANDSHAKE)), sent]));
    client.resume();
    await all;
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    client.destroy();
  });

  test.each([
    ['a refused upload', 'POST /small/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\n', 100_000, 413],
    ['an upload to nowhere', 'POST /none HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\n', 100_000, 404],
  ])('%s and what is pipelined behind it: refused, and the connection closes', async (_name, head, size, status) => {
    const received = await sendRaw(gateway.port, head + '\r\n\r\n'.repeat(size / 4) + get('/x/behind'));
    expect(parseResponses(received).map(each => each.status)).toEqual([status]);
    expect(upstream.received.map(({ url }) => url)).not.toContain('/x/behind');
  });

  test('bytes that are no request, behind a slow one: its answer comes first, then 400', async () => {
    const { client, answer } = await startSlowRequest('NO HTTP\r\n\r\n');
    const pieces: Buffer[] = [];
    client.on('data', piece => pieces.push(piece));
    answer();
    await once(client, 'close');
    expect(parseResponses(Buffer.concat(pieces)).map(({ status }) => status)).toEqual([200, 400]);
  });

  test('a head that waits behind a slow request has its whole time, from its turn on', async () => {
    const { client, answer } = await startSlowRequest('GET /x/b HTTP/1.1\r\nHo');
    // Longer than timeouts.headers.
    await pause(2_200);
    client.write('st: a.example\r\n\r\n');
    const pieces: Buffer[] = [];
    client.on('data', piece => pieces.push(piece));
    answer();
    await vi.waitFor(() => expect(parseResponses(Buffer.concat(pieces))).toHaveLength(2));
    expect(parseResponses(Buffer.concat(pieces)).map(({ status }) => status)).toEqual([200, 200]);
    client.destroy();
    expect(await request(gateway.port, { path: '/x' })).toMatchObject({ status: 200 });
  });
});
