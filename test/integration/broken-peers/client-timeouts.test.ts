/** A client that stalls: its connection ends after the configured time. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { openConnected } from '../../support/raw-connection.ts';
import { withTimeout } from '../../support/waiting.ts';
import { rude, useBrokenPeersFixture } from './fixture.ts';

useBrokenPeersFixture();

describe('a client that sends or reads nothing more', () => {
  let own: RunningGateway;

  beforeAll(async () => {
    own = await startGateway(`
timeouts: { headers: 400ms, body: 400ms }
routes:
  /rude: { public: true, upstream: "http://127.0.0.1:${rude.port}" }
`);
  });

  afterAll(() => own.close());

  test('in its request head: 408, closed', async () => {
    const wire = await openConnected(own.port);
    wire.socket.write('GET /rude HTTP/1.1\r\nHost: a.exa');
    await withTimeout(4000, wire.closed, 'the connection did not end');
    expect(wire.text()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('in its body: both connections end', async () => {
    const wire = await openConnected(own.port);
    wire.socket.write('POST /rude HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\nhello');
    await rude.until('hello');
    await withTimeout(4000, Promise.all([wire.closed, rude.allClosed()]), 'the connections did not end');
    expect(wire.text()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('before the first byte of its body: its connection ends', async () => {
    const wire = await openConnected(own.port);
    wire.socket.write('POST /rude HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\n');
    await withTimeout(4000, Promise.all([wire.closed, rude.allClosed()]), 'the connections did not end');
  });

  test('while it reads the response: both connections end', async () => {
    rude.respond = socket => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      socket.write(Buffer.alloc(50_000_000));
    };
    const wire = await openConnected(own.port);
    wire.socket.pause();
    wire.socket.write('GET /rude HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await rude.until('GET /rude');
    await withTimeout(4000, rude.allClosed(), 'the connection of the upstream did not end');
  });
});
