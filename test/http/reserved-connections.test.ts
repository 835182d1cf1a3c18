/**
 * A connection to an upstream that authenticates whoever uses it (NTLM, Negotiate) belongs to one client (RFC 4559 section 6).
 * A handler that throws ends its own connection, and nothing else.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConnector } from '../../src/http/client/connector.ts';
import { Pool } from '../../src/http/client/pool.ts';
import type { AttemptHandler } from '../../src/http/message.ts';
import { HttpServer } from '../../src/http/server/server.ts';
import { Sweeper } from '../../src/http/sweeper.ts';
import { RawClient, until } from './client.ts';
import { SETTINGS, TIMES } from './relay.ts';
import { ScriptedUpstream } from './scripted-upstream.ts';

let upstream: ScriptedUpstream;
let pool: Pool;
let faults: unknown[];

beforeEach(async () => {
  upstream = await ScriptedUpstream.listen();
  upstream.answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  faults = [];
  pool = new Pool({
    connect: createConnector({ host: '127.0.0.1', port: upstream.port }),
    sweeper: new Sweeper(),
    head: 16_384,
    idle: 60_000,
    maxAge: 600_000,
  });
});

afterEach(async () => {
  pool.destroy();
  await upstream.close();
});

/** Two sockets of clients, as the pool knows them. */
async function openOwners(): Promise<readonly [Socket, Socket]> {
  const server = createServer(socket => socket.on('error', () => socket.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')] as const;
  for (const socket of sockets) socket.on('error', () => undefined).on('close', () => server.close());
  await Promise.all(sockets.map(socket => once(socket, 'connect')));
  return sockets;
}

function ask(target: string, owner: Socket, reserve = false, onEnd?: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const nothing = () => undefined;
    const handler: AttemptHandler = {
      onInterim: nothing,
      onResponse: () => reserve && attempt.reserveFor(owner),
      onData: () => true,
      onEnd: () => {
        resolve();
        onEnd?.();
      },
      onUpstreamReady: nothing,
      onFailure: ({ cause }) => reject(new Error(cause)),
      onSwitch: nothing,
      onFault: fault => faults.push(fault),
    };
    const attempt = pool.send(
      { method: 'GET', target, authority: 'a', fields: [], body: 'none' },
      handler,
      TIMES,
      owner,
    );
  });
}

const targets = () =>
  upstream.connections.map(({ received }) => [...received.matchAll(/GET (\S+)/g)].map(match => match[1]));

test('reserved for one client: no other uses it, that client does, and it closes with it', async () => {
  const [alice, bob] = await openOwners();
  await ask('/a1', alice, true);
  await ask('/b1', bob);
  await ask('/a2', alice);
  await ask('/b2', bob);
  expect(targets()).toEqual([
    ['/a1', '/a2'],
    ['/b1', '/b2'],
  ]);
  alice.destroy();
  await until(() => upstream.connections[0]?.isEnded ?? false);
  await ask('/b3', bob);
  expect(targets()[1]).toEqual(['/b1', '/b2', '/b3']);
  bob.destroy();
});

test('reserved again and again, since the upstream closes each time: one listener on the client', async () => {
  const [alice, bob] = await openOwners();
  upstream.answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  const listeners = () => alice.listenerCount('close');
  await ask('/a', alice, true);
  const before = listeners();
  for (let count = 0; count < 20; count += 1) await ask('/a', alice, true);
  expect(listeners()).toBe(before);
  alice.destroy();
  bob.destroy();
});

test('a client that has left when it is reserved: it closes at once', async () => {
  const [alice, bob] = await openOwners();
  alice.destroy();
  await ask('/a', alice, true).catch(() => undefined);
  await until(() => pool.size === 0);
  bob.destroy();
});

test('close: settles when what is under way has ended', async () => {
  const [alice, bob] = await openOwners();
  let answer = () => {};
  upstream.onData = ({ socket }) => {
    answer = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  };
  const asked = ask('/a', alice);
  await until(() => upstream.connections.length === 1 && upstream.connections[0]?.received !== '');
  let isClosed = false;
  const closed = pool.close().then(() => {
    isClosed = true;
  });
  await new Promise(resolve => setTimeout(resolve, 30));
  expect(isClosed).toBe(false);
  answer();
  await Promise.all([asked, closed]);
  alice.destroy();
  bob.destroy();
});

test('a handler of an attempt that throws: told, and its connection ends', async () => {
  const [alice, bob] = await openOwners();
  const fault = new Error('a fault');
  await ask('/a', alice, false, () => {
    throw fault;
  });
  await until(() => pool.size === 0);
  expect(faults).toEqual([fault]);
  alice.destroy();
  bob.destroy();
});

test('a handler that throws when its early bytes have been written: told, and the others are served', async () => {
  const [alice, bob] = await openOwners();
  await ask('/a', alice);
  // The connection is free from the next turn on.
  await new Promise(resolve => setImmediate(resolve));
  const fault = new Error('a fault');
  const nothing = () => undefined;
  const handler: AttemptHandler = {
    onInterim: nothing,
    onResponse: nothing,
    onData: () => true,
    onEnd: nothing,
    onFailure: nothing,
    onSwitch: nothing,
    onUpstreamReady: () => {
      throw fault;
    },
    onFault: error => faults.push(error),
  };
  const request = { method: 'POST', target: '/b', authority: 'a', fields: [], body: 'unknown' } as const;
  pool.send(request, handler, TIMES, alice).write(Buffer.from('early'));
  await until(() => faults.length > 0);
  expect(faults).toEqual([fault]);
  await ask('/c', bob);
  alice.destroy();
  bob.destroy();
});

test('a handler of a request that throws: told, its connection ends, and others are served', async () => {
  const told: unknown[] = [];
  const server = new HttpServer(
    SETTINGS,
    {
      onRequest: request => {
        if (request.head.target === '/bad') throw new Error('a fault');
        request.respond({ status: 200, reason: '', fields: [] }, Buffer.from('ok'));
      },
      onSlowHead: () => undefined,
      onFault: fault => told.push(fault),
    },
    new Sweeper(),
  );
  const listener = createServer({ allowHalfOpen: true }, socket => server.accept(socket)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const bad = await RawClient.open(port, 'GET /bad HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n\r\n');
  await bad.closed();
  expect([bad.text, told.length]).toEqual(['', 1]);
  const good = await RawClient.open(port, 'GET /good HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000));
  expect((await good.wholeResponses(1_000)).every(({ status }) => status === 200)).toBe(true);
  good.destroy();
  server.destroy();
  listener.close();
});
