/** What cannot be sent, and what throws on the way: the promise rejects, and the gateway refuses the request. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Sweeper } from '../../../src/http/sweeper.ts';
import { type Forwarding, forward } from '../../../src/upstream/forward.ts';
import { ConnectionPool } from '../../../src/upstream/pool.ts';
import { USUAL_CONNECTIONS } from '../route/example-route.ts';

let upstream: Server;
let front: Server;
let pool: ConnectionPool;
/** Open connections of this test. */
let open: Set<unknown>;

beforeEach(async () => {
  const sockets = new Set();
  open = sockets;
  upstream = createServer((_request, response) => response.end('ok')).on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  front = createServer();
  await Promise.all([upstream, front].map(server => once(server.listen(0, '127.0.0.1'), 'listening')));
  pool = new ConnectionPool({ origin: `http://127.0.0.1:${portOf(upstream)}`, ...USUAL_CONNECTIONS }, new Sweeper(), {
    onUnsolicited: () => undefined,
  });
});

afterEach(() => {
  pool.destroy();
  for (const server of [upstream, front]) server.close().closeAllConnections();
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;

const forwarding = (fields: readonly string[] = []): Forwarding => ({
  pool,
  outgoing: { method: 'GET', target: '/', authority: pool.authority, fields, body: 'none' },
  times: { connect: 5_000, response: 5_000, idle: 5_000 },
  limits: { body: undefined, notice: [], readTimeout: 5_000, expiry: undefined },
});

/** @returns a request that has come, and its response. */
async function receive(): Promise<readonly [IncomingMessage, ServerResponse]> {
  request({ port: portOf(front), host: '127.0.0.1' })
    .on('error', () => undefined)
    .end();
  return (await once(front, 'request')) as [IncomingMessage, ServerResponse];
}

test('an ordinary request: complete', async () => {
  expect(await forward(forwarding(), ...(await receive()))).toMatchObject({ end: 'complete' });
});

test.each([
  ['a line break', ['X-A', 'a\r\nX-B: b']],
  ['a NUL', ['X-A', 'a\0']],
  ['no name', ['', 'a']],
  ['more than Latin-1', ['X-A', '€']],
])(
  'a field that could not be read back, %s: rejects, nothing is sent, no connection is opened',
  async (_name, fields) => {
    const [incoming, response] = await receive();
    await expect(forward(forwarding(fields), incoming, response)).rejects.toThrow(TypeError);
    expect([response.headersSent, open.size]).toEqual([false, 0]);
  },
);

test('a fault while the response is written: rejects, and the connection to the upstream closes', async () => {
  const [incoming, response] = await receive();
  response.writeHead = () => {
    throw new Error('a fault');
  };
  await expect(forward(forwarding(), incoming, response)).rejects.toThrow('a fault');
  await expect.poll(() => open.size).toBe(0);
});

test('a fault at the very end: rejects', async () => {
  const [incoming, response] = await receive();
  response.end = () => {
    throw new Error('a fault');
  };
  await expect(forward(forwarding(), incoming, response)).rejects.toThrow('a fault');
});
