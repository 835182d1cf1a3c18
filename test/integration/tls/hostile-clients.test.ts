/** Clients of a TLS listener that do not finish their handshake: bounded in time and number, counted, and not logged. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { hasOpenssl } from '../../support/certificates.ts';
import type { RunningGateway } from '../../support/gateway.ts';
import { openConnected, openConnection } from '../../support/raw-connection.ts';
import { parseResponses } from '../../support/raw-http.ts';
import { connectSecurely, getOver } from '../../support/tls-client.ts';
import { eventually } from '../../support/waiting.ts';
import { createClientHello } from './client-hello.ts';
import { authority, failed, startTlsGateway, store, useTlsFixture } from './fixture.ts';

if (hasOpenssl) useTlsFixture();

const HELLO = createClientHello('api.example');
const OPEN = 'audgate_open_connections{kind="http"}';

const start = (more = '') => startTlsGateway(store('hostile', authority.issue('DNS:api.example')), more);
const isServed = async ({ port }: RunningGateway) => {
  const client = await connectSecurely(port);
  await getOver(client, '/', 'HTTP/1.1 200');
  client.socket.destroy();
};
const expectNoRequests = ({ log }: RunningGateway) => expect(log.filter(({ msg }) => msg !== 'request')).toEqual([]);

describe.skipIf(!hasOpenssl)('plain HTTP', () => {
  test.each([
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'G',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'connect a:1 HTTP/1.0\r\n\r\n',
  ])('%j: 400 as problem+json, then closed; counted, not logged', async bytes => {
    const gateway = await start();
    const client = openConnection(gateway.port, bytes);
    await client.until('https://');
    client.socket.end();
    await client.closed;
    const [response] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(response).toMatchObject({ status: 400, complete: true });
    expect(response?.headers).toContainEqual(['Content-Type', 'application/problem+json']);
    expect(response?.headers).toContainEqual(['Connection', 'close']);
    expect(JSON.parse(String(response?.body))).toMatchObject({ status: 400, reason: 'malformed_request' });
    expect(await gateway.sample(failed('plain_http'))).toBe(1);
    expect(gateway.log).toEqual([]);
  });

  test('a large upload: the 400 arrives whole', async () => {
    const gateway = await start();
    const client = openConnection(gateway.port, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n`);
    client.send('x'.repeat(9_000_000));
    await client.closed;
    expect(parseResponses(Buffer.from(client.text(), 'latin1'))).toMatchObject([{ status: 400, complete: true }]);
  });

  test('a client that does not close: closed after a second', async () => {
    const gateway = await start();
    const socket = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => socket.destroy()).resume();
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await eventually(async () => (await gateway.sample(OPEN)) === 0);
    socket.destroy();
  });
});

describe.skipIf(!hasOpenssl)('a handshake', () => {
  test.each([
    ['silence', ''],
    ['half a ClientHello', HELLO.slice(0, 40)],
    ['one byte', HELLO.slice(0, 1)],
    ['a whole ClientHello, and silence', HELLO],
  ])('%s: closed after timeouts.headers, counted as timeout', async (_what, bytes) => {
    const gateway = await start('timeouts: { headers: 400ms }\n');
    const client = await openConnected(gateway.port, bytes);
    const begun = performance.now();
    await client.closed;
    expect(performance.now() - begun).toBeGreaterThan(300);
    expect(await gateway.sample(failed('timeout'))).toBe(1);
    expectNoRequests(gateway);
  });

  test.each([
    ['\x16\x03\x01\x00\x05hello', 'a record that is no ClientHello'],
    ['\x16\xff\xff\xff\xff', 'a record of an impossible version'],
    ['\x16\x03\x01\xff\xff', 'a record that is too long'],
    ['\x80\x2e\x01\x00\x02', 'an SSLv2 ClientHello'],
    ['\x00', 'a NUL'],
    ['\x15\x03\x01\x00\x02\x02\x28', 'an alert'],
  ])('%j (%s): closed at once and counted, the next client is served', async bytes => {
    const gateway = await start();
    const client = await openConnected(gateway.port, bytes);
    await client.closed;
    const counts = await Promise.all(
      ['malformed', 'version', 'client_alert'].map(cause => gateway.sample(failed(cause))),
    );
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
    await isServed(gateway);
    expectNoRequests(gateway);
  });

  test.each([
    ['a half ClientHello', 1, HELLO.slice(0, 40)],
    ['a whole ClientHello', 1, HELLO],
    ['nothing, as a TCP probe does', 0, ''],
  ])('%s, then the end: closed at once, counted as client_gone: %i times', async (_what, count, bytes) => {
    const gateway = await start();
    const client = await openConnected(gateway.port, bytes);
    if (bytes === HELLO) await client.until('\x16\x03\x03');
    client.socket.end();
    await client.closed;
    await eventually(async () => (await gateway.sample(OPEN)) === 0);
    expect(await gateway.sample(failed('client_gone'))).toBe(count);
  });

  test('a client that leaves when it is secure, without its last flight: closed at once', async () => {
    const gateway = await start();
    for (let round = 0; round < 20; round += 1) {
      const socket = connectTls({ port: gateway.port, host: '127.0.0.1', rejectUnauthorized: false });
      socket.once('secureConnect', () => socket.destroy());
      await once(socket, 'close');
    }
    await eventually(async () => (await gateway.sample(OPEN)) === 0);
  });

  test('1,000 begun and left open: all are closed after timeouts.headers, and nothing is left of them', async () => {
    const gateway = await start('timeouts: { headers: 2s }\n');
    const clients = await Promise.all(Array.from({ length: 1_000 }, () => openConnected(gateway.port, HELLO)));
    await isServed(gateway);
    await Promise.all(clients.map(({ closed }) => closed));
    await eventually(async () => (await gateway.sample(OPEN)) === 0);
    expect(await gateway.sample(failed('timeout'))).toBe(1_000);
    await isServed(gateway);
  });

  test('under way: part of limits.connections', async () => {
    const gateway = await start('limits: { connections: 3 }\n');
    const held = await Promise.all(Array.from({ length: 3 }, () => openConnected(gateway.port, HELLO)));
    for (const client of held) await client.until('\x16\x03\x03');
    const further = openConnection(gateway.port, HELLO);
    await further.closed;
    expect(further.text()).toBe('');
    expect(await gateway.sample('audgate_connections_ended_total{cause="connection_limit"}')).toBe(1);
    held[0]?.socket.destroy();
    await eventually(async () => (await gateway.sample(OPEN)) === 2);
    await isServed(gateway);
  });

  test('under way when the gateway drains: closed with it', async () => {
    const gateway = await start('timeouts: { headers: 500ms }\n');
    const clients = await Promise.all(['', HELLO.slice(0, 9), HELLO].map(bytes => openConnected(gateway.port, bytes)));
    const begun = performance.now();
    await gateway.close();
    await Promise.all(clients.map(({ closed }) => closed));
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describe.skipIf(!hasOpenssl)('a secure connection', () => {
  test('without a request: closed after timeouts.headers, as without TLS', async () => {
    const gateway = await start('timeouts: { headers: 400ms }\n');
    const client = await connectSecurely(gateway.port);
    await client.closed;
    expect(await gateway.sample('audgate_connections_ended_total{cause="slow_headers"}')).toBe(1);
    expect(client.text()).toBe('');
  });

  test('half a request: 408', async () => {
    const gateway = await start('timeouts: { headers: 400ms }\n');
    const client = await connectSecurely(gateway.port);
    client.send('GET / HT');
    await client.closed;
    expect(client.text()).toContain('HTTP/1.1 408');
  });

  test('a record that cannot be decrypted: closed, the next client is served', async () => {
    const gateway = await start();
    const raw = connect({ port: gateway.port, host: '127.0.0.1' });
    const socket = connectTls({ socket: raw, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.on('error', () => undefined);
    raw.on('error', () => undefined);
    await eventually(async () => (await gateway.sample(OPEN)) === 1);
    raw.write(Buffer.from('170303001000112233445566778899aabbccddeeff', 'hex'));
    await eventually(async () => (await gateway.sample(OPEN)) === 0);
    socket.destroy();
    await isServed(gateway);
  });
});
