/** What the fuzzer found, each case reduced, against the built gateway: no message may end the process or mix responses up. */

import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Runner } from '../fuzz/runner.ts';
import { startWatchedGateway, type WatchedGateway } from '../fuzz/watched-gateway.ts';
import { startWorld, type World } from '../fuzz/world.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { parseResponses, sendRaw } from '../support/raw-http.ts';
import { HANDSHAKE_FIELDS } from '../support/switching.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const HOST = 'Host: api.example.com\r\n\r\n';
const GARBAGE = 'GARBAGE\r\n\r\n';
const REFUSED = `GET /a/../b HTTP/1.1\r\n${HOST}`;
const HANDSHAKE = `GET /mute HTTP/1.1\r\nHost: api.example.com\r\n${HANDSHAKE_FIELDS}`;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let upstream: Upstream;
/** Answers a path below `/raw` with what `rawAnswers` holds; to everything else it sends nothing and closes. */
let raw: Server;
let rawOrigin: string;
let gateway: WatchedGateway;
const rawSockets = new Set<Socket>();
const rawAnswers = new Map<string, { readonly after: number; readonly text: string }>();

beforeAll(async () => {
  upstream = await startUpstream();
  raw = createServer(respondRaw);
  rawOrigin = `http://127.0.0.1:${await listenOnLoopback(raw)}`;
});

// A gateway for each test: one that ends does not fail the other tests.
beforeEach(async () => {
  gateway = await startWatchedGateway(`
drain: { delay: 1ms, limit: 2s }
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
  /raw: { public: true, upstream: "${rawOrigin}" }
  /mute: { public: true, upstream: "${rawOrigin}" }
`);
});

afterEach(() => {
  gateway.kill();
  rawAnswers.clear();
  for (const socket of rawSockets) socket.destroy();
});

afterAll(async () => {
  raw.close();
  await upstream.close();
});

describe('the process survives a client', () => {
  const leave = { resets: (socket: Socket) => socket.resetAndDestroy(), ends: (socket: Socket) => socket.end() };
  test.each([
    [
      'a refusal, a request with a body, a third request',
      `${REFUSED}POST /mute HTTP/1.1\r\nContent-Length: 5\r\n${HOST}hello${REFUSED}`,
    ],
    ['bytes that are no request, behind one in flight', `GET /mute HTTP/1.1\r\n${HOST}${GARBAGE}`],
    ['a handshake behind a request in flight', `GET /mute HTTP/1.1\r\n${HOST}${HANDSHAKE}\r\n`],
    [
      'another protocol behind a request in flight',
      `GET /mute HTTP/1.1\r\n${HOST}GET /open HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n${HOST}`,
    ],
    ['a tunnel asked for behind a request in flight', `GET /mute HTTP/1.1\r\n${HOST}CONNECT a:1 HTTP/1.1\r\n${HOST}`],
  ])('%s, then a reset or an end', async (_name, bytes) => {
    for (const go of [leave.resets, leave.ends]) {
      for (const pause of [0, 1, 5])
        await Promise.all(Array.from({ length: 20 }, () => sendAndLeave(bytes, pause, go)));
    }
    expect(await aliveAnswer()).toBe(200);
    expect(gateway.failure()).toBeUndefined();
  });

  test('a handshake with Expect whose upstream closes', async () => {
    const answering = sendRaw(gateway.port, `${HANDSHAKE}Expect: 100-continue\r\n\r\n`).catch(() => Buffer.alloc(0));
    await expect.poll(() => rawSockets.size).toBeGreaterThan(0);
    for (const socket of rawSockets) socket.end();
    expect(parseResponses(await answering).map(({ status }) => status)).toEqual([502]);
    await delay(100);
    expect(gateway.failure()).toBeUndefined();
    gateway.log.read();
    expect(gateway.log.faults).toEqual([]);
  });
});

test('a refused handshake with a large body: the response arrives whole', async () => {
  const body = 'x'.repeat(200_000);
  const text = `HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  rawAnswers.set('/mute', { after: 0, text });
  const [response] = parseResponses(await sendRaw(gateway.port, `${HANDSHAKE}\r\n`));
  expect(response).toMatchObject({ status: 403, complete: true });
  expect(response?.body.length).toBe(body.length);
});

describe('pipelined responses', () => {
  test('an interim response behind a slower response: before its own final one, or left out', async () => {
    rawAnswers.set('/raw/slow', { after: 100, text: ANSWER });
    rawAnswers.set('/raw/hints', {
      after: 0,
      text: `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n${ANSWER}`,
    });
    const requests = `GET /raw/slow HTTP/1.1\r\n${HOST}GET /raw/hints HTTP/1.1\r\n${HOST}`;
    const until = (received: Buffer) => (received.toString('latin1').match(/\r\n\r\nok/g) ?? []).length === 2;
    const responses = parseResponses(await sendRaw(gateway.port, requests, { until }));
    expect(responses.filter(({ status }) => status !== 103).map(({ body }) => body.toString())).toEqual(['ok', 'ok']);
    expect(responses.at(-1)).toMatchObject({ status: 200, complete: true });
  });

  test('100 Continue behind a slower response: before its own final one, or left out', async () => {
    rawAnswers.set('/raw/slow', { after: 100, text: ANSWER });
    const post = 'POST /open HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n';
    const requests = `GET /raw/slow HTTP/1.1\r\n${HOST}${post}${HOST}hello`;
    const responses = parseResponses(await sendRaw(gateway.port, requests));
    expect(responses.map(({ status }) => status)).toEqual([200, 100, 200]);
    expect(responses.every(({ complete }) => complete)).toBe(true);
  });
});

test('Transfer_Encoding, which some servers read as Transfer-Encoding: removed', async () => {
  upstream.received.length = 0;
  const head = 'POST /open HTTP/1.1\r\nTransfer_Encoding: chunked\r\nContent-Length: 5\r\nConnection: close\r\n';
  await sendRaw(gateway.port, `${head}${HOST}hello`);
  expect(upstream.received.flatMap(({ rawHeaders }) => rawHeaders.map(([name]) => name))).not.toContain(
    'Transfer_Encoding',
  );
});

test('the first 600 cases of seed 1: no finding', async () => {
  const found: string[] = [];
  const world: World = await startWorld(1, what => found.push(what));
  const fuzzed = await startWatchedGateway(world.yaml);
  let following = 0;
  const runner = new Runner({
    seed: 1,
    port: fuzzed.port,
    pool: world.pool,
    marker: world.honest.marker,
    connections: 32,
    bound: 8_000,
    next: () => (following < 600 && fuzzed.failure() === undefined ? following++ : undefined),
    onFinding: ({ what, case: each }) => found.push(`${each?.iteration}: ${what}`),
  });
  await runner.run();
  const failure = fuzzed.failure();
  fuzzed.kill();
  await world.close();
  expect(failure).toBeUndefined();
  expect(found).toEqual([]);
});

function respondRaw(socket: Socket): void {
  rawSockets.add(socket);
  socket.on('error', () => socket.destroy()).on('close', () => rawSockets.delete(socket));
  socket.on('data', bytes => {
    const path = bytes.toString('latin1').split(' ')[1] ?? '';
    const answer = rawAnswers.get(path);
    if (answer) setTimeout(() => socket.write(answer.text), answer.after);
  });
}

function sendAndLeave(bytes: string, pause: number, leave: (socket: Socket) => unknown): Promise<void> {
  return new Promise(resolve => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' }, () => {
      socket.write(bytes);
      setTimeout(() => leave(socket), pause);
    });
    setTimeout(() => socket.destroy(), pause + 100);
    socket.on('error', () => undefined).on('data', () => undefined);
    socket.on('close', () => resolve());
  });
}

async function aliveAnswer(): Promise<number> {
  const bytes = await sendRaw(gateway.port, `GET /open HTTP/1.1\r\nConnection: close\r\n${HOST}`).catch(() =>
    Buffer.alloc(0),
  );
  return parseResponses(bytes)[0]?.status ?? 0;
}
