/** How connections to upstreams are opened: names, addresses, time, TLS; and what a failure says. */

import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ConnectTarget, createConnector } from '../../src/http/client/connector.ts';
import { Pool } from '../../src/http/client/pool.ts';
import type { AttemptFailure, AttemptHandler, OutgoingRequest } from '../../src/http/message.ts';
import { Sweeper } from '../../src/http/sweeper.ts';
import { createAuthority, hasOpenssl } from '../support/certificates.ts';
import { until } from './client.ts';

const servers: Server[] = [];
const pools: Pool[] = [];
const UNTIL_CLOSE = 'HTTP/1.1 200 OK\r\n\r\nuntil its end';
const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

afterEach(async () => {
  for (const pool of pools.splice(0)) pool.destroy();
  await Promise.all(
    servers.splice(0).map(async server => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    }),
  );
});

async function listen(server: Server, place: object = { port: 0, host: '127.0.0.1' }): Promise<number> {
  servers.push(server);
  server.on('connection', socket => socket.on('error', () => socket.destroy()));
  server.listen(place);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const answering = () => createServer(socket => socket.on('data', () => socket.write(RESPONSE)));

function createPool(target: ConnectTarget, limits: { readonly idle?: number; readonly maxAge?: number } = {}) {
  const pool = new Pool({
    connect: createConnector(target),
    sweeper: new Sweeper(),
    head: 16_384,
    idle: 60_000,
    maxAge: 600_000,
    ...limits,
  });
  pools.push(pool);
  return pool;
}

const GET: OutgoingRequest = { method: 'GET', target: '/', authority: 'a', fields: [], body: 'none' };

/** @returns the body of the response, or the failure. */
function ask(pool: Pool, request = GET, connect = 2_000, response = 2_000): Promise<string | AttemptFailure> {
  return new Promise((resolve, reject) => {
    let body = '';
    const handler: AttemptHandler = {
      onInterim: () => undefined,
      onResponse: () => undefined,
      onData: piece => {
        body += piece;
        return true;
      },
      onEnd: () => resolve(body),
      onUpstreamReady: () => undefined,
      onFailure: resolve,
      onSwitch: () => resolve('switched'),
      onFault: reject,
    };
    const attempt = pool.send(request, handler, { connect, response, idle: 2_000 });
    if (request.body !== 'none') attempt.end();
  });
}

describe('a connection that cannot be opened: nothing was sent', () => {
  test('no listener: refused', async () => {
    const server = answering();
    const port = await listen(server);
    server.close();
    expect(await ask(createPool({ host: '127.0.0.1', port }))).toMatchObject({ cause: 'refused', stage: 'unsent' });
    servers.length = 0;
  });

  test('a name without an address: dns', async () => {
    expect(await ask(createPool({ host: 'no-such-name.invalid', port: 1 }), GET, 10_000)).toMatchObject({
      cause: 'dns',
      stage: 'unsent',
    });
  });

  test('a unix socket that is not there: refused', async () => {
    expect(await ask(createPool({ host: '/tmp/no-such.sock', isUnix: true }))).toMatchObject({
      cause: 'refused',
      stage: 'unsent',
    });
  });

  test('an address that does not answer: connect_timeout', async () => {
    // RFC 5737: no host has this address.
    expect(await ask(createPool({ host: '192.0.2.1', port: 1 }), GET, 300)).toMatchObject({ stage: 'unsent' });
  });

  test('plain HTTP where TLS is expected: tls', async () => {
    const port = await listen(answering());
    const tls = { serverName: 'localhost' };
    expect(await ask(createPool({ host: '127.0.0.1', port, tls }))).toMatchObject({ cause: 'tls', stage: 'unsent' });
  });
});

test('a unix socket: as a TCP connection', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'audgate-http-')), 'a.sock');
  await listen(answering(), { path });
  expect(await ask(createPool({ host: path, isUnix: true }))).toBe('ok');
});

test('a name with several addresses, of which one refuses: the other is used', async () => {
  const port = await listen(answering(), { port: 0, host: '127.0.0.1' });
  // ::1 refuses.
  expect(await ask(createPool({ host: 'localhost', port }))).toBe('ok');
});

test('POST, the kept connection reset just before it is written to: sent on another one, once', async () => {
  const received: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    sockets.push(socket);
    socket.on('data', piece => {
      received.push(String(piece));
      socket.write(RESPONSE);
    });
  });
  const pool = createPool({ host: '127.0.0.1', port: await listen(server) });
  // A connection is free from the next turn on.
  const turn = () => new Promise(resolve => setTimeout(resolve));
  const post: OutgoingRequest = { ...GET, method: 'POST', body: 0 };
  for (let count = 0; count < 20; count += 1) {
    expect(await ask(pool, GET)).toBe('ok');
    await turn();
    const before = received.length;
    // Behind the turn's reads, and before the pool writes: no event can tell the pool of it.
    setImmediate(() => sockets.at(-1)?.resetAndDestroy());
    expect(await ask(pool, post)).toBe('ok');
    expect(sockets).toHaveLength(count + 2);
    expect(received.slice(before).join('').match(/^POST/gm)).toHaveLength(1);
    await turn();
  }
});

test('a request with a body that is short: the connection is destroyed, nothing looks whole', async () => {
  let received = '';
  const port = await listen(
    createServer(socket =>
      socket.on('data', piece => {
        received += piece;
      }),
    ),
  );
  const pool = createPool({ host: '127.0.0.1', port });
  const failed = new Promise(resolve => {
    const nothing = () => undefined;
    const handler = {
      onInterim: nothing,
      onResponse: nothing,
      onData: () => true,
      onEnd: nothing,
      onUpstreamReady: nothing,
      onSwitch: nothing,
      onFault: nothing,
    };
    const times = { connect: 1_000, response: 1_000, idle: 1_000 };
    const attempt = pool.send({ ...GET, method: 'POST', body: 5 }, { ...handler, onFailure: resolve }, times);
    attempt.write(Buffer.from('abc'));
    attempt.end();
  });
  expect(await failed).toMatchObject({ cause: 'other' });
  await until(() => pool.size === 0);
  expect(received === '' || /\r\n\r\nabc$/.test(received)).toBe(true);
});

test('a response that has come while the process was busy for longer than the time-out: no time-out', async () => {
  const server = createServer(socket =>
    socket.on('data', () => {
      socket.write(RESPONSE);
      const until = performance.now() + 700;
      while (performance.now() < until);
    }),
  );
  const pool = createPool({ host: '127.0.0.1', port: await listen(server) });
  for (let count = 0; count < 3; count += 1) expect(await ask(pool, GET, 2_000, 200)).toBe('ok');
});

test('idle longer than it is kept, and older than its age: closed', async () => {
  const port = await listen(answering());
  const idle = createPool({ host: '127.0.0.1', port }, { idle: 100 });
  const old = createPool({ host: '127.0.0.1', port }, { maxAge: 100 });
  expect([await ask(idle), await ask(old)]).toEqual(['ok', 'ok']);
  expect([idle.size, old.size]).toEqual([1, 1]);
  await until(() => idle.size + old.size === 0);
});

describe.skipIf(!hasOpenssl)('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-http-'));
  let authority: ReturnType<typeof createAuthority>;
  beforeAll(() => {
    authority = createAuthority(folder);
  });

  async function serve(...names: readonly string[]): Promise<number> {
    const server = createTlsServer({ ...authority.issue(...names), ALPNProtocols: ['http/1.1'] });
    server.on('secureConnection', socket =>
      socket.on('error', () => socket.destroy()).on('data', () => socket.write(RESPONSE)),
    );
    return listen(server as Server);
  }

  const trusting = (serverName: string) => ({
    serverName,
    context: createSecureContext({ ca: readFileSync(authority.file) }),
  });

  test.each<readonly [string, string, string, unknown]>([
    ['the name fits', 'DNS:upstream.internal', 'upstream.internal', 'ok'],
    ['an address fits', 'IP:127.0.0.1', '127.0.0.1', 'ok'],
    [
      'another name',
      'DNS:other.internal',
      'upstream.internal',
      { cause: 'tls', stage: 'unsent', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    ],
    ['a name where an address is expected', 'DNS:upstream.internal', '127.0.0.1', { cause: 'tls', stage: 'unsent' }],
  ])('%s', async (_name, names, expected, result) => {
    const port = await serve(names);
    const answer = await ask(createPool({ host: '127.0.0.1', port, tls: trusting(expected) }));
    if (typeof result === 'string') expect(answer).toBe(result);
    else expect(answer).toMatchObject(result as object);
  });

  test('an issuer that is not known: tls', async () => {
    const port = await serve('DNS:upstream.internal');
    const tls = { serverName: 'upstream.internal' };
    expect(await ask(createPool({ host: '127.0.0.1', port, tls }))).toMatchObject({ cause: 'tls', stage: 'unsent' });
  });

  test('a connection is used again', async () => {
    const port = await serve('DNS:upstream.internal');
    const pool = createPool({ host: '127.0.0.1', port, tls: trusting('upstream.internal') });
    expect([await ask(pool), await ask(pool), await ask(pool)]).toEqual(['ok', 'ok', 'ok']);
    await until(() => pool.idle === pool.size);
    expect(pool.size).toBeLessThanOrEqual(2);
  });

  test('a body until the end of the connection: whole', async () => {
    const server = createTlsServer(authority.issue('DNS:upstream.internal'));
    server.on('secureConnection', socket => {
      socket.on('error', () => socket.destroy()).once('data', () => socket.end(UNTIL_CLOSE));
    });
    const port = await listen(server as Server);
    const pool = createPool({ host: '127.0.0.1', port, tls: trusting('upstream.internal') });
    expect(await ask(pool)).toBe('until its end');
  });
});
