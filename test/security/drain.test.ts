/**
 * A drain: no accepted request is lost, and nothing keeps the process running for ever.
 *
 * Seen in: node:http (`server.close()` waits for kept-alive sockets, 5 s, unless the last answers say `Connection: close`;
 * a refused upgrade whose socket is not read keeps it running), Traefik and Envoy (WebSockets cut in the middle of a frame).
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { destroyConnections, openConnection, type RawConnection } from '../support/raw-connection.ts';
import { headerValues, parseResponses } from '../support/raw-http.ts';
import { SWITCHING } from '../support/switching.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../support/upstream.ts';
import { pause } from '../support/waiting.ts';

/** Long, where the drain must end before it. */
const LONG = 10_000;
const SHORT = 200;
/** Added to what the configuration says, for other load on this machine. */
const SLACK = 1500;
const GOING_AWAY = '\x88\x02\x03\xe9';

let upstream: Upstream;
let gateway: RunningGateway;
let isDrained: boolean;
let limit: number;
let delay: number;

beforeAll(async () => {
  upstream = await startUpstream();
});

beforeEach(() => start(LONG));

afterEach(async () => {
  if (!isDrained) await drain();
  destroyConnections();
  upstream.handle = answerWithWhatArrived;
  upstream.received.length = 0;
});

afterAll(() => upstream.close());

const GET = 'GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n';
const UPGRADE =
  'GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

describe('before the listener closes', () => {
  beforeEach(async () => {
    await gateway.close();
    await start(LONG, 700);
  });

  test('/readyz: 200 before, 503 from now on', async () => {
    const ready = () => fetch(`http://127.0.0.1:${gateway.adminPort}/readyz`).then(({ status }) => status);
    expect(await ready()).toBe(200);
    // Keeps the drain from ending until /readyz was requested.
    const release = hold();
    const client = openConnection(gateway.port, GET);
    await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    const drained = drain();
    expect(await ready()).toBe(503);
    release();
    await Promise.all([drained, client.closed]);
  });

  test('new connections: served, with Connection: close', async () => {
    const drained = drain();
    const client = openConnection(gateway.port, GET);
    await client.closed;
    const [answer] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(headerValues(answer?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });

  test('kept-alive connections: served, with Connection: close', async () => {
    const client = openConnection(gateway.port, GET);
    await client.until('"url"');
    const drained = drain();
    client.socket.write(GET);
    await client.closed;
    const answers = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(headerValues(answers[1]?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });

  test('a response that was under way: has Connection: close', async () => {
    const release = hold();
    const client = openConnection(gateway.port, GET);
    await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    const drained = drain();
    release();
    await client.closed;
    const [answer] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(headerValues(answer?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });

  test('a refusal: has Connection: close', async () => {
    const drained = drain();
    const client = openConnection(gateway.port, 'GET /nowhere HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await client.closed;
    const [answer] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(answer?.status).toBe(404);
    expect(headerValues(answer?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });
});

describe('requests that were accepted', () => {
  test.each([
    ['a request whose answer takes its time', GET],
    ['an upload that is on its way', 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello'],
    [
      'a chunked upload that is on its way',
      'POST /x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    ],
    ['half a head', 'GET /x HTTP/1.1\r\nHost: a.ex'],
  ])('%s', async (name, bytes) => {
    const release = hold();
    const client = openConnection(gateway.port, bytes);
    const rest = { 'an u': 'hello', 'a ch': '5\r\nhello\r\n0\r\n\r\n', half: 'ample\r\n\r\n' }[name.slice(0, 4)] ?? '';
    await connected(client.socket);
    if (name !== 'half a head') await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    const drained = drain();
    await refusesConnections();
    client.socket.write(rest);
    await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    release();
    await client.closed;
    const [answer] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(answer).toMatchObject({ status: 200, complete: true });
    await drained;
  });

  test('a hundred requests at once: all are answered', async () => {
    const release = hold();
    const asked = Array.from({ length: 100 }, () => openConnection(gateway.port, GET));
    await vi.waitFor(() => expect(upstream.received).toHaveLength(100), { timeout: 5000 });
    const drained = drain();
    await refusesConnections();
    release();
    await Promise.all(asked.map(({ closed }) => closed));
    const answers = asked.flatMap(client => parseResponses(Buffer.from(client.text(), 'latin1')));
    expect(answers.filter(({ status, complete }) => status === 200 && complete)).toHaveLength(100);
    await drained;
  });

  test('requests sent while the drain begins: answered where their connection was accepted', async () => {
    const accepted = new Set<number>();
    const note = (message: unknown) => {
      const { socket } = message as { readonly socket: Socket };
      if (socket.localPort === gateway.port && socket.remotePort !== undefined) accepted.add(socket.remotePort);
    };
    subscribe('net.server.socket', note);
    const outcomes: string[] = [];
    const asking = (async () => {
      while (!isDrained && outcomes.at(-1) !== 'not accepted') outcomes.push(await ask(accepted));
    })();
    await drain();
    await asking;
    unsubscribe('net.server.socket', note);
    expect(outcomes.length).toBeGreaterThan(2);
    expect(outcomes.filter(outcome => outcome !== 'answered' && outcome !== 'not accepted')).toEqual([]);
  });
});

describe('idle connections', () => {
  test.each<readonly [string, string, string]>([
    ['a connection that has been answered', GET, '"url"'],
    ['a connection that has been refused', 'GET /nowhere HTTP/1.1\r\nHost: a.example\r\n\r\n', 'no_route'],
    ['a connection on which nothing has come', '', ''],
  ])('%s: closed well before the limit', async (_name, bytes, marker) => {
    const client = openConnection(gateway.port, bytes);
    await client.until(marker);
    await connected(client.socket);
    await Promise.all([drain(), client.closed]);
  });
});

test('half a head: ended by timeouts.headers, not by the limit', async () => {
  const client = openConnection(gateway.port, 'GET /x HTTP/1.1\r\nHost: a.ex');
  await connected(client.socket);
  await Promise.all([drain(), client.closed]);
});

describe('WebSockets: close code 1001, between two frames', () => {
  const frame = (length: number) =>
    Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, length >> 8, length & 255]), Buffer.alloc(length, 'x')]);

  test.each([
    ['that is silent', 0, 0],
    ['in the middle of a frame', 40_000, 10_000],
    ['in the middle of the header of a frame', 40_000, 3],
    ['behind a frame', 40_000, 40_010],
  ])('%s', async (_name, length, first) => {
    const bytes = frame(length).subarray(0, length === 0 ? 0 : undefined);
    const { client, theirs } = await tunnel(bytes.subarray(0, first));
    await vi.waitFor(() => expect(content(client).length).toBe(first));
    const drained = drain();
    await refusesConnections();
    if (first < bytes.length) {
      expect(content(client)).not.toContain(GOING_AWAY);
      theirs.write(bytes.subarray(first));
    }
    await client.closed;
    expect(content(client)).toBe(bytes.toString('latin1') + GOING_AWAY);
    await drained;
  });

  test('the upstream never ends its frame: ended all the same', async () => {
    const { client } = await tunnel(frame(40_000).subarray(0, 10_000));
    await Promise.all([drain(), client.closed]);
  });

  test('the upstream sends another frame: its frame is whole before the close frame', async () => {
    const bytes = frame(20_000);
    const { client, theirs } = await tunnel(bytes.subarray(0, 10));
    const drained = drain();
    await refusesConnections();
    theirs.write(Buffer.concat([bytes.subarray(10), frame(100), frame(100)]));
    await client.closed;
    expect(content(client)).toBe(bytes.toString('latin1') + GOING_AWAY);
    await drained;
  });
});

describe('the limit ends what remains', () => {
  beforeEach(async () => {
    await gateway.close();
    await start(SHORT);
  });

  test.each([
    ['a request that is never answered', GET],
    ['an upload that never ends', 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello'],
    ['half a head', 'GET /x HTTP/1.1\r\nHo'],
    [
      'a refused upload that never ends',
      'POST /nowhere HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello',
    ],
    ['a refused upgrade that nobody reads', UPGRADE.replace('/x', '/nowhere')],
    ['a handshake that is never answered', UPGRADE],
  ])('%s', async (_name, bytes) => {
    hold();
    upstream.handleUpgrade = () => undefined;
    const client = openConnection(gateway.port, bytes);
    if (bytes.includes('nowhere')) client.socket.pause();
    await vi.waitFor(() => expect(client.socket.bytesWritten).toBe(bytes.length));
    await drain();
  });

  test('a client that does not read: ended by the limit', async () => {
    upstream.handle = (_req, res) => {
      res.on('error', () => undefined);
      const more = () => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536)));
        if (!res.destroyed) res.once('drain', more);
      };
      more();
    };
    const client = openConnection(gateway.port, GET);
    await client.until('200 OK');
    client.socket.pause();
    await drain();
  });
});

async function start(limitMs: number, delayMs = 100): Promise<void> {
  isDrained = false;
  limit = limitMs;
  delay = delayMs;
  gateway = await startGateway(`
drain: { delay: ${delay}ms, limit: ${limit}ms }
timeouts: { keep_alive: 1m, headers: 1500ms, body: 1m }
routes:
  /x: { public: true, upstream: "${upstream.origin}" }
`);
}

/** Drains, and checks when it ended: after the delay; at the limit where `by` says so, else well before it. */
async function drain(): Promise<void> {
  const startedAt = performance.now();
  await gateway.close();
  isDrained = true;
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(delay - 5);
  expect(performance.now() - startedAt).toBeLessThan(limit === SHORT ? delay + SHORT + SLACK : LONG / 2);
}

/** Waits until no connection is accepted any more. */
async function refusesConnections(): Promise<void> {
  const attempt = () =>
    new Promise<boolean>(resolve => {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.on('connect', () => resolve(false)).on('error', () => resolve(true));
      socket.on('connect', () => socket.destroy());
    });
  while (!(await attempt())) await pause(10);
}

async function connected(socket: Socket): Promise<void> {
  if (socket.connecting) await once(socket, 'connect');
}

/** A listener that closes resets connections that the kernel has accepted and it has not: `accepted` tells the two apart. */
async function ask(accepted: ReadonlySet<number>): Promise<string> {
  const client = openConnection(gateway.port, GET);
  await Promise.race([connected(client.socket).catch(() => undefined), client.closed]);
  const port = client.socket.localPort;
  await client.closed;
  const [answer] = parseResponses(Buffer.from(client.text(), 'latin1'));
  if (answer?.status === 200 && answer.complete) return 'answered';
  return port !== undefined && accepted.has(port) ? `lost: ${client.text()}` : 'not accepted';
}

/** The upstream does not answer until it is released. */
function hold(): () => void {
  const held: (() => void)[] = [];
  let isReleased = false;
  upstream.handle = (req, res, received) => {
    res.on('error', () => undefined);
    const go = () => answerWithWhatArrived(req, res, received);
    if (isReleased) go();
    else held.push(go);
  };
  return () => {
    isReleased = true;
    for (const go of held) go();
  };
}

/** A WebSocket on which the upstream has sent `bytes`. */
async function tunnel(bytes: Buffer): Promise<{ readonly client: RawConnection; readonly theirs: Duplex }> {
  const opened = new Promise<Duplex>(resolve => {
    upstream.handleUpgrade = (_req, socket) => {
      socket.on('error', () => socket.destroy());
      socket.write(Buffer.concat([Buffer.from(SWITCHING), bytes]));
      resolve(socket);
    };
  });
  const client = openConnection(gateway.port, UPGRADE);
  await client.until('\r\n\r\n');
  return { client, theirs: await opened };
}

function content(client: RawConnection): string {
  return client.text().replace(/^.*?\r\n\r\n/s, '');
}
