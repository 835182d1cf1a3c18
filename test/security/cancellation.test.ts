/**
 * A client that disconnects ends its request at the upstream, an upstream that disconnects ends the client's wait, each within
 * 250 ms. A request that was sent on a connection which the upstream was closing is sent once more where that is harmless
 * (RFC 9110 section 9.2.2), and at most once.
 *
 * Seen in: http-proxy #1559 (the upstream continues), fastify reply-from (the upstream disconnects within a body, the client
 * keeps waiting), every keep-alive pool (a stale socket: 502, or a POST that is sent twice).
 */

import { EventEmitter, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { openConnection, type RawConnection, recordText } from '../support/raw-connection.ts';
import { headerValues, parseResponses, request } from '../support/raw-http.ts';
import { SWITCHING } from '../support/switching.ts';

/** Milliseconds for the gateway to react. Other load on this machine may delay one measurement, but not five. */
const PROMPT = 250;
const MEASUREMENTS = 5;

const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const EVENTS = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const EVENT = 'd\r\ndata: hello\n\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let upstream: ScriptedUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startGateway(`
routes:
  /x: { public: true, upstream: "http://127.0.0.1:${upstream.port}" }
`);
});

afterEach(() => upstream.reset());

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const get = 'GET /x HTTP/1.1\r\nHost: a.example\r\n';
const upload = 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\nhello';
const chunkedUpload = 'POST /x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';

/** What the client sends, what the upstream answers, and what the client or the upstream has received when the other disconnects. */
const moments: readonly (readonly [
  name: string,
  sent: string,
  answered: string,
  seenBy: 'client' | 'upstream',
  marker: string,
])[] = [
  ['before the head', `${get}\r\n`, '', 'upstream', 'GET /x'],
  ['in the middle of the head', `${get}\r\n`, 'HTTP/1.1 200 OK\r\nX-A: ', 'upstream', 'GET /x'],
  [
    'after an interim answer',
    `${get}\r\n`,
    'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n',
    'client',
    '103',
  ],
  ['after the head', `${get}\r\n`, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', 'client', '200'],
  ['in a body of a length', `${get}\r\n`, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello', 'client', 'hello'],
  [
    'in a chunked body',
    `${get}\r\n`,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'client',
    'hello',
  ],
  ['in an event stream, before an event', `${get}\r\n`, EVENTS, 'client', 'event-stream'],
  ['in an event stream', `${get}\r\n`, EVENTS + EVENT, 'client', 'hello'],
  ['in an upload', upload, '', 'upstream', 'hello'],
  ['in a chunked upload', chunkedUpload, '', 'upstream', 'hello'],
  ['in a WebSocket handshake', get + HANDSHAKE, '', 'upstream', 'GET /x'],
  ['in a WebSocket', get + HANDSHAKE, `${SWITCHING}\x81\x05hello`, 'client', 'hello'],
  ['in a WebSocket, in the middle of a frame', get + HANDSHAKE, `${SWITCHING}\x81\x7dhello`, 'client', 'hello'],
];
const leavings = ['resets', 'closes'] as const;
const cases = moments.flatMap(([name, ...moment]) => leavings.map(how => [name, how, ...moment] as const));

describe('the client disconnects: its request at the upstream ends within 250 ms', () => {
  test.each(cases)('%s, and %s', async (_name, how, sent, answered, seenBy, marker) => {
    await expectPrompt(async () => {
      const { client, theirs } = await bring(sent, answered, seenBy, marker);
      const { closed } = theirs;
      const startedAt = performance.now();
      leave(client.socket, how);
      await closed;
      return performance.now() - startedAt;
    });
  });
});

describe('the upstream disconnects: the client gets 502 or a visibly incomplete body within 250 ms', () => {
  test.each(cases)('%s, and %s', async (_name, how, sent, answered, seenBy, marker) => {
    await expectPrompt(async () => {
      const { client, theirs } = await bring(sent, answered, seenBy, marker);
      const answer = answered.includes('HTTP/1.1 200') && seenBy === 'client' ? 'cut' : 'whole';
      const told = answer === 'cut' || answered.includes('101') ? client.closed : client.until(/\r\n\r\n\{.*\}$/s);
      const startedAt = performance.now();
      leave(theirs.socket, how);
      await told;
      const elapsed = performance.now() - startedAt;
      const [final] = parseResponses(Buffer.from(client.text(), 'latin1')).filter(({ status }) => status >= 200);
      if (answer === 'cut') expect(final?.complete).toBe(false);
      else if (!answered.includes('101')) expect(final).toMatchObject({ status: 502, complete: true });
      client.socket.destroy();
      return elapsed;
    });
  });
});

describe('a kept-alive connection that the upstream has closed', () => {
  const idempotent = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'];
  const others = ['POST', 'PATCH', 'PROPPATCH', 'LOCK'];

  test.each(idempotent.flatMap(method => leavings.map(how => [method, how] as const)))(
    '%s without a body, the upstream %s: sent once more, and answered',
    async (method, how) => {
      await prime();
      upstream.answer = (socket, count) => (count.onConnection > 1 ? leave(socket, how) : socket.write(OK));
      const answer = await request(gateway.port, { method, path: '/x' });
      expect(answer.status).toBe(200);
      expect(upstream.requests).toEqual([`${method} /x HTTP/1.1`, `${method} /x HTTP/1.1`]);
    },
  );

  test.each(others.flatMap(method => leavings.map(how => [method, how] as const)))(
    '%s without a body, the upstream %s: sent once',
    async (method, how) => {
      await prime();
      upstream.answer = socket => leave(socket, how);
      expect(await request(gateway.port, { method, path: '/x' })).toMatchObject({ status: 502, complete: true });
      expect(upstream.requests).toEqual([`${method} /x HTTP/1.1`]);
    },
  );

  test.each([...idempotent.filter(method => method !== 'TRACE'), ...others])(
    '%s with a body: sent once',
    async method => {
      await prime();
      upstream.answer = socket => socket.resetAndDestroy();
      const answer = await request(gateway.port, { method, path: '/x', body: 'hello' });
      expect(answer.status).toBe(502);
      expect(upstream.requests).toEqual([`${method} /x HTTP/1.1`]);
    },
  );

  test('GET with a chunked body: sent once', async () => {
    await prime();
    upstream.answer = socket => socket.resetAndDestroy();
    const headers = [['Transfer-Encoding', 'chunked']] as const;
    const answer = await request(gateway.port, { path: '/x', headers, body: '0\r\n\r\n' });
    expect(answer.status).toBe(502);
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1']);
  });

  test.each(leavings)('the next connection is closed too (%s): sent twice, never three times', async how => {
    await prime();
    upstream.answer = socket => leave(socket, how);
    expect(await request(gateway.port, { path: '/x' })).toMatchObject({ status: 502, complete: true });
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1', 'GET /x HTTP/1.1']);
  });

  test('ten others in the pool are closed too: sent twice, never more', async () => {
    await prime(10);
    upstream.answer = (socket, count) => (count.onConnection > 1 ? socket.resetAndDestroy() : socket.write(OK));
    const answer = await request(gateway.port, { path: '/x' });
    expect([200, 502]).toContain(answer.status);
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1', 'GET /x HTTP/1.1']);
  });

  test('a fresh connection that is closed: sent once', async () => {
    upstream.answer = socket => socket.resetAndDestroy();
    expect(await request(gateway.port, { path: '/x' })).toMatchObject({ status: 502, complete: true });
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1']);
  });

  test.each([
    ['an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n', 502],
    ['a whole head', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 200],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 200],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le', 502],
  ])('closed after %s: sent once', async (_name, bytes, status) => {
    await prime();
    upstream.answer = (socket, count) => {
      if (count.onConnection > 1) socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), 50));
      else socket.write(OK);
    };
    const client = openConnection(gateway.port, `${get}Connection: close\r\n\r\n`);
    await client.closed;
    const [answer] = parseResponses(Buffer.from(client.text(), 'latin1')).filter(each => each.status >= 200);
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1']);
    expect(answer?.status).toBe(status);
    if (status === 200) expect(answer?.complete).toBe(false);
  });

  test('a client that has disconnected: no second attempt', async () => {
    await prime();
    const client = openConnection(gateway.port, `${get}\r\n`);
    const gone = new Promise<void>(resolve => {
      upstream.answer = async socket => {
        client.socket.resetAndDestroy();
        await client.closed;
        socket.resetAndDestroy();
        resolve();
      };
    });
    await gone;
    await gateway.requestLines(1);
    await expectQuiet();
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1']);
  });
});

/** Sends one more request, which arrives after any other that was still under way. */
async function expectQuiet(): Promise<void> {
  upstream.answer = socket => socket.write(OK);
  const before = upstream.requests.length;
  await request(gateway.port, { path: '/x/quiet' });
  expect(upstream.requests.splice(before)).toEqual(['GET /x/quiet HTTP/1.1']);
}

async function expectPrompt(measure: () => Promise<number>): Promise<void> {
  const measured: number[] = [];
  while (measured.length < MEASUREMENTS && !measured.some(elapsed => elapsed <= PROMPT)) {
    measured.push(await measure());
    upstream.reset();
  }
  expect(Math.min(...measured), `${measured}`).toBeLessThanOrEqual(PROMPT);
}

function leave(socket: Socket, how: 'resets' | 'closes'): void {
  if (how === 'resets') socket.resetAndDestroy();
  else socket.destroy();
}

/** Leaves `count` idle connections in the gateway's pool, each of which has served once. */
async function prime(count = 1): Promise<void> {
  const waiting: Socket[] = [];
  const together = new Promise<void>(resolve => {
    upstream.answer = socket => {
      if (waiting.push(socket) === count) resolve();
    };
  });
  const answers = Promise.all(Array.from({ length: count }, () => request(gateway.port, { path: '/x' })));
  await together;
  for (const socket of waiting) socket.write(OK);
  for (const { status } of await answers) expect(status).toBe(200);
  upstream.requests.length = 0;
}

/** Starts a request and waits until one side has received `marker`. @returns both sides. */
async function bring(sent: string, answered: string, seenBy: 'client' | 'upstream', marker: string) {
  upstream.answer = (socket, count) => count.pieces === 1 && answered !== '' && socket.write(answered, 'latin1');
  const client = openConnection(gateway.port, sent);
  const theirs = await upstream.next();
  await (seenBy === 'client' ? client : theirs).until(marker);
  return { client, theirs };
}

interface ScriptedUpstream {
  readonly port: number;
  /** The first line of each request, in order of arrival. */
  readonly requests: string[];
  /** Called for each piece of data, with the number of the piece and of the request on its connection. */
  answer: (socket: Socket, count: { readonly pieces: number; readonly onConnection: number }) => unknown;
  /** @returns the next connection on which a request arrives. */
  next(): Promise<RawConnection>;
  /** Ends all connections, and waits until the gateway knows. */
  reset(): void;
  close(): Promise<void>;
}

async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const wires = new Set<RawConnection>();
  const fresh: RawConnection[] = [];
  const arrivals = new EventEmitter();
  const server = createServer(socket => {
    const wire = recordText(socket);
    wires.add(wire);
    const count = { pieces: 0, onConnection: 0 };
    socket.on('close', () => wires.delete(wire));
    socket.on('data', piece => {
      const lines = piece.toString('latin1').match(/^[A-Z]+ \/\S* HTTP\/1\.1(?=\r\n)/gm) ?? [];
      scripted.requests.push(...lines);
      count.pieces += 1;
      count.onConnection += lines.length;
      if (lines.length > 0) {
        fresh.push(wire);
        arrivals.emit('arrival');
      }
      scripted.answer(socket, count);
    });
  });
  const port = await listenOnLoopback(server);
  const scripted: ScriptedUpstream = {
    port,
    requests: [],
    answer: () => undefined,
    next: async () => {
      for (;;) {
        const wire = fresh.pop();
        if (wire) return wire;
        await once(arrivals, 'arrival');
      }
    },
    reset: () => {
      for (const { socket } of wires) socket.destroy();
      fresh.length = 0;
      scripted.requests.length = 0;
      scripted.answer = () => undefined;
    },
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
  return scripted;
}

test('a request that nobody interrupts: its response arrives unchanged', async () => {
  upstream.answer = socket => socket.write(OK);
  const answer = await request(gateway.port, { path: '/x' });
  expect(answer.body.toString()).toBe('ok');
  expect(headerValues(answer.headers, 'content-length')).toEqual(['2']);
});
