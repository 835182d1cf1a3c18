/**
 * The admin listener has limits of its own: connections that are held open to it use no descriptors that the data listener
 * needs, do not keep probes out, and do not fill the memory.
 *
 * Seen in: this gateway, whose admin listener took every connection until no worker could be started for want of a descriptor.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createAdminServer } from '../../src/server/admin-server.ts';
import { closeListener, openListener } from '../../src/server/listener.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { parseResponses, request, sendRaw } from '../support/raw-http.ts';

/** As in docs/reference/admin.md. */
const MOST = 100;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway('routes: { /x: { public: true, upstream: "http://127.0.0.1:9" } }\n');
});

afterAll(() => gateway.close());

async function open(port: number, bytes = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy()).resume();
  await once(socket, 'connect');
  if (bytes !== '') socket.write(bytes);
  return socket;
}

test.each([
  ['that say nothing', ''],
  ['with half a head', 'GET /healthz HTTP/1.1\r\nHo'],
  ['that were answered', get('/healthz')],
])('300 connections %s: 100 are kept, and each probe is answered', async (_name, bytes) => {
  const sockets: Socket[] = [];
  for (let count = 0; count < 300; count += 1) {
    sockets.push(await open(gateway.adminPort, bytes));
    if (count % 50 === 49) {
      expect(await request(gateway.adminPort, { path: '/healthz' })).toMatchObject({ status: 200, complete: true });
    }
  }
  await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(MOST));
  expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeGreaterThanOrEqual(MOST - 10);
  for (const socket of sockets) socket.destroy();
});

test('one connection more than the 100 that are being answered: it replaces the one that was used least recently', async () => {
  const pending: (() => void)[] = [];
  const server = createAdminServer((_request, response) => pending.push(() => response.end('done')));
  const { port } = await openListener(server, 'admin', { host: '127.0.0.1', port: 0 });
  const sockets: Socket[] = [];
  for (let count = 0; count < MOST; count += 1) sockets.push(await open(port, get('/')));
  await vi.waitFor(() => expect(pending).toHaveLength(MOST));
  sockets.push(await open(port, get('/')));
  await vi.waitFor(() => expect(pending).toHaveLength(MOST + 1));
  await vi.waitFor(() => expect(sockets.map(({ destroyed }) => destroyed).indexOf(true)).toBe(0));
  const kept = sockets.filter(({ destroyed }) => !destroyed);
  expect(kept).toHaveLength(MOST);
  const ended = kept.map(socket => once(socket, 'data'));
  for (const respond of pending) respond();
  await Promise.all(ended);
  for (const socket of sockets) socket.destroy();
  await closeListener(server);
});

test('150 clients that read /metrics in a loop: probes are answered', async () => {
  const state = { isOver: false };
  const readers = Array.from({ length: 150 }, async () => {
    while (!state.isOver) {
      const socket = await open(gateway.adminPort, get('/metrics')).catch(() => undefined);
      if (!socket) continue;
      await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => undefined);
      socket.destroy();
    }
  });
  let answered = 0;
  for (let count = 0; count < 20; count += 1) {
    const probe = await request(gateway.adminPort, { path: '/healthz' }).catch(() => undefined);
    if (probe?.status === 200) answered += 1;
  }
  state.isOver = true;
  await Promise.all(readers);
  // One or two of 20 may arrive at the same moment as a hundred others.
  expect(answered).toBeGreaterThanOrEqual(18);
});

test('pipelined requests: answered one after the other, each read when the one before it has been answered', async () => {
  let underWay = 0;
  let most = 0;
  const server = createAdminServer((_request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    setImmediate(() => {
      underWay -= 1;
      response.end('x');
    });
  });
  const { port } = await openListener(server, 'admin', { host: '127.0.0.1', port: 0 });
  const received = await sendRaw(port, get('/').repeat(2_000), {
    until: bytes => bytes.toString('latin1').split('HTTP/1.1 200').length > 2_000,
    timeout: 15_000,
  });
  expect(parseResponses(received).length).toBeGreaterThanOrEqual(2_000);
  expect(most).toBe(1);
  await closeListener(server);
});

test('half a head: its connection ends after 10 s', async () => {
  const startedAt = performance.now();
  const socket = await open(gateway.adminPort, 'GET /healthz HTTP/1.1\r\nHo');
  await once(socket, 'close');
  expect(performance.now() - startedAt).toBeLessThan(14_000);
});
