/** What cannot be sent, and what throws on the way: told as a fault, and the gateway refuses the request. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { IncomingRequest } from '../../../src/http/server/incoming-request.ts';
import { Sweeper } from '../../../src/http/sweeper.ts';
import { ConnectionPool } from '../../../src/upstream/endpoints/connection-pool.ts';
import { RoundRobin } from '../../../src/upstream/endpoints/round-robin.ts';
import { forward, type Outgoing } from '../../../src/upstream/forward.ts';
import type { ForwardEnd } from '../../../src/upstream/response-handler.ts';
import { NO_EDITS } from '../../../src/upstream/response-headers.ts';
import { type Receiver, startReceiver } from '../../support/received-request.ts';
import { endpointAt, USUAL_CONNECTIONS } from '../route/example-route.ts';

let upstream: Server;
let receiver: Receiver;
let pool: ConnectionPool;
let members: RoundRobin;
/** Open connections of this test. */
let open: Set<unknown>;

beforeEach(async () => {
  const sockets = new Set();
  open = sockets;
  upstream = createServer((_request, response) => response.end('ok')).on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  receiver = await startReceiver();
  const endpoint = endpointAt(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`);
  const none = () => undefined;
  const events = { onUnsolicited: none, onLeftOut: none, onBack: none };
  pool = new ConnectionPool(endpoint, USUAL_CONNECTIONS, new Sweeper(), events);
  members = new RoundRobin([{ endpoint, pool }]);
});

afterEach(async () => {
  pool.destroy();
  upstream.close().closeAllConnections();
  await receiver.close();
});

const outgoing = (fields: readonly string[] = []): Outgoing => ({
  members,
  request: { method: 'GET', fields, body: 'none' },
  addressAt: () => ({ target: '/', authority: 'upstream' }),
  times: { connect: 5_000, response: 5_000, idle: 5_000 },
  limits: { body: undefined, added: [], edits: NO_EDITS, expiry: undefined },
});

async function receive(): Promise<IncomingRequest> {
  return (await receiver.receive('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).request;
}

/** @returns how it ended. Rejects with a fault. */
function run(request: IncomingRequest, given = outgoing()): Promise<ForwardEnd> {
  return new Promise((resolve, reject) => {
    forward(given, request, {
      onResponse: () => undefined,
      onForwarded: resolve,
      onClose: () => undefined,
      onFault: reject,
    });
  });
}

test('an ordinary request: complete', async () => {
  expect(await run(await receive())).toBe('complete');
});

test.each([
  ['a line break', ['X-A', 'a\r\nX-B: b']],
  ['a NUL', ['X-A', 'a\0']],
  ['no name', ['', 'a']],
  ['more than Latin-1', ['X-A', '€']],
])(
  'a field that could not be read back, %s: a fault, nothing is sent, no connection is opened',
  async (_name, fields) => {
    const request = await receive();
    await expect(run(request, outgoing(fields))).rejects.toThrow(TypeError);
    expect([request.status, open.size]).toEqual([undefined, 0]);
  },
);

test('a fault while the response is written: told, and the connection to the upstream closes', async () => {
  const request = await receive();
  request.start = () => {
    throw new Error('a fault');
  };
  await expect(run(request)).rejects.toThrow('a fault');
  await expect.poll(() => open.size).toBe(0);
});
