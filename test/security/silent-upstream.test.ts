/**
 * An upstream that keeps its client waiting: never answering, stopping in the middle, sending byte by byte. Each wait ends with a
 * 504 or a body that is visibly cut; a response that is slow but arrives in time passes whole.
 *
 * Seen in: http-proxy #1559 and fastify reply-from (the upstream disconnects within a body, the client keeps waiting).
 */

import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningGateway, readFailures, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { openConnection } from '../support/raw-connection.ts';
import { headerValues, parseResponses } from '../support/raw-http.ts';
import { pause } from '../support/waiting.ts';

const head = (...lines: readonly string[]) => [...lines, '', ''].join('\r\n');
const CHUNKED = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');

/** What arrives before the silence, and what the client gets. */
const SILENT: readonly (readonly [name: string, bytes: string, ends: '504' | 'cut'])[] = [
  ['no byte', '', '504'],
  ['half a status line', 'HTTP/1.1 20', '504'],
  ['half a head', 'HTTP/1.1 200 OK\r\nX-A: b\r\n', '504'],
  ['an interim response', head('HTTP/1.1 102 Processing'), '504'],
  ['two interim responses', head('HTTP/1.1 102 Processing').repeat(2), '504'],
  ['no byte of a length', head('HTTP/1.1 200 OK', 'Content-Length: 9'), 'cut'],
  ['less than a length', `${head('HTTP/1.1 200 OK', 'Content-Length: 9')}hello`, 'cut'],
  ['no chunk', CHUNKED, 'cut'],
  ['half a chunk', `${CHUNKED}a\r\nhello`, 'cut'],
  ['a chunk without its end', `${CHUNKED}5\r\nhello`, 'cut'],
  ['no last chunk', `${CHUNKED}5\r\nhello\r\n`, 'cut'],
  ['half a last chunk', `${CHUNKED}5\r\nhello\r\n0\r\n`, 'cut'],
  ['half a trailer', `${CHUNKED}5\r\nhello\r\n0\r\nX-T: `, 'cut'],
  ['a body of no framing', `${head('HTTP/1.1 200 OK')}hello`, 'cut'],
];
/** What arrives in pieces, every 50 ms. */
const SLOW: readonly (readonly [name: string, pieces: readonly string[], ends: 'whole' | 'late'])[] = [
  ['a head that never ends', ['HTTP/1.1 200 OK\r\n', ...Array.from({ length: 200 }, () => 'X-A: b\r\n')], 'late'],
  [
    'a head of one field that never ends',
    ['HTTP/1.1 200 OK\r\nX-A: ', ...Array.from({ length: 200 }, () => 'x')],
    'late',
  ],
  ['a body of a length', [head('HTTP/1.1 200 OK', 'Content-Length: 12'), ...'drip by drip'], 'whole'],
  ['a chunked body', [CHUNKED, ...Array.from('drip by drip', letter => `1\r\n${letter}\r\n`), '0\r\n\r\n'], 'whole'],
  ['a chunked body, byte by byte', [CHUNKED, ...'5\r\nhello\r\n7\r\nby drip\r\n0\r\n\r\n'], 'whole'],
];

let port: number;
let gateway: RunningGateway;
const sockets = new Set<Socket>();
/** All are started together, as each of them takes seconds. */
const received = new Map<string, Promise<Received>>();

const server = createServer(socket => {
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
  socket.on('data', piece => {
    const [, kind = '', index = ''] = /^[A-Z]+ \/x\/(\w+)\/(\d+) /.exec(piece.toString('latin1')) ?? [];
    if (kind === 'silent') socket.write(SILENT[Number(index)]?.[1] ?? '');
    else drip(socket, SLOW[Number(index)]?.[1] ?? []);
  });
});

beforeAll(async () => {
  port = await listenOnLoopback(server);
  gateway = await startGateway(`
routes:
  /x: { public: true, upstream: "http://127.0.0.1:${port}", timeouts: { connect: 1s, response: 500ms, idle: 500ms } }
`);
  for (const [index, [name]] of SILENT.entries()) received.set(name, ask(`/x/silent/${index}`));
  for (const [index, [name]] of SLOW.entries()) received.set(name, ask(`/x/drip/${index}`));
});

afterAll(async () => {
  await gateway.close();
  server.close();
});

test.each(SILENT)('%s, then silence: 504, or visibly cut', async (name, _bytes, expected) => {
  const { text, isCleanEnd } = (await received.get(name)) ?? { text: '', isCleanEnd: true };
  const [response] = parseResponses(Buffer.from(text, 'latin1')).filter(({ status }) => status >= 200);
  if (expected === '504') {
    expect(response).toMatchObject({ status: 504, complete: true });
    expect(JSON.parse(response?.body.toString() ?? '').reason).toBe('upstream_timeout');
  } else {
    const fields = response?.headers ?? [];
    const isFramed =
      [...headerValues(fields, 'content-length'), ...headerValues(fields, 'transfer-encoding')].length > 0;
    expect(response?.status).toBe(200);
    expect(response?.complete === true && (isFramed || isCleanEnd)).toBe(false);
  }
});

test.each(SLOW)(
  '%s, in pieces that arrive in time: whole, or 504 where it does not end',
  async (name, _bits, expected) => {
    const { text } = (await received.get(name)) ?? { text: '' };
    const [response] = parseResponses(Buffer.from(text, 'latin1'));
    if (expected === 'late') expect([502, 504]).toContain(response?.status);
    else {
      expect(response).toMatchObject({ status: 200, complete: true });
      expect(response?.body).toHaveLength(12);
    }
  },
);

describe('after all of them', () => {
  test('connections and counters: none is left waiting, each failure was counted', async () => {
    await Promise.all(received.values());
    // Connections whose response passed whole may be kept alive.
    await vi.waitFor(() => expect(sockets.size).toBeLessThanOrEqual(3), { timeout: 3000 });
    const failures = readFailures(await gateway.scrape(), '/x');
    const late =
      (failures['upstream_timeout/response_timeout'] ?? 0) + (failures['upstream_timeout/idle_timeout'] ?? 0);
    expect(late).toBeGreaterThanOrEqual(SILENT.length);
  });
});

async function drip(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const bit of pieces) {
    if (socket.destroyed) return;
    socket.write(bit);
    await pause(50);
  }
}

interface Received {
  /** Latin-1. */
  readonly text: string;
  readonly isCleanEnd: boolean;
}

async function ask(path: string): Promise<Received> {
  const { text, isEnded, closed } = openConnection(
    gateway.port,
    `GET ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`,
  );
  await closed;
  return { text: text(), isCleanEnd: isEnded() };
}
