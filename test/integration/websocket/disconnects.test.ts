/** Either side of a tunnel disconnects, at any moment: the other side ends. */

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openConnected } from '../../support/raw-connection.ts';
import { SWITCHING } from '../../support/switching.ts';
import { withTimeout } from '../../support/waiting.ts';
import {
  expectNoConnections,
  gateway,
  handshake,
  KEY,
  nextLine,
  rude,
  textFrame,
  useWebSocketFixture,
} from './fixture.ts';

useWebSocketFixture();

describe('either side disconnects: the other side ends, the gateway serves on', () => {
  const leave: [string, (socket: Socket) => unknown][] = [
    ['resets', socket => socket.resetAndDestroy()],
    ['closes', socket => socket.destroy()],
  ];

  test.each(leave)(
    "the client %s before the response: the upstream's connection ends, status 499",
    async (_name, go) => {
      const lines = gateway.log.length;
      const wire = await openConnected(gateway.port);
      wire.send(handshake('/rude'));
      await rude.until(KEY);
      go(wire.socket);
      await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
      expect(await nextLine(lines)).toMatchObject({ status: 499, outcome: 'forwarded' });
    },
  );

  test.each(leave)('the client %s right after 101', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    go(wire.socket);
    await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
  });

  test.each(leave)('the client %s in the middle of a message', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    wire.send(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4, 5, 6]).toString('latin1'));
    await rude.until('\u0005\u0006');
    go(wire.socket);
    await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
  });

  test.each(leave)('the upstream %s with its 101', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING, () => go(socket));
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await withTimeout(1000, wire.closed, "the client's connection did not end");
  });

  test.each(leave)('the upstream %s in the middle of a message', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    const [server] = rude.sockets;
    server?.write(textFrame('half a message').subarray(0, 7));
    await wire.until('half');
    if (server) go(server);
    await withTimeout(1000, wire.closed, "the client's connection did not end");
  });

  test.each(leave)('the client %s together with its handshake, a hundred times', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    for (let count = 0; count < 100; count += 1) {
      const wire = await openConnected(gateway.port);
      wire.socket.write(handshake('/rude'), () => go(wire.socket));
      await wire.closed;
    }
    await expectNoConnections();
    await withTimeout(1000, rude.allClosed(), 'connections of the upstream did not end');
  });

  test.each(leave)('the client %s, the upstream never ends its side: the tunnel ends', async (_name, go) => {
    rude.respond = socket => {
      socket.allowHalfOpen = true;
      socket.write(SWITCHING);
    };
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    go(wire.socket);
    await expectNoConnections();
  });

  test.each(leave)('the upstream %s, the client never ends its side: the tunnel ends', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.socket.allowHalfOpen = true;
    wire.send(handshake('/rude'));
    await wire.until('101');
    for (const socket of rude.sockets) go(socket);
    await expectNoConnections();
  });

  test('both sides reset: the tunnel ends', async () => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    for (const server of rude.sockets) server.resetAndDestroy();
    wire.socket.resetAndDestroy();
    await expectNoConnections();
  });

  test('bytes of the upstream before its close: forwarded', async () => {
    const frame = textFrame('x'.repeat(100));
    rude.respond = socket =>
      socket.end(Buffer.concat([Buffer.from(SWITCHING), ...Array.from({ length: 2000 }, () => frame)]));
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await withTimeout(3000, wire.closed, "the client's connection did not end");
    expect(wire.text().split('\r\n\r\n')[1]?.length).toBe(2000 * frame.length);
  });

  test('bytes of the client before its close: forwarded', async () => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    wire.socket.end(Buffer.alloc(500_000, '~'));
    await withTimeout(3000, rude.allClosed(), "the upstream's connection did not end");
    expect(rude.text().split('~').length - 1).toBe(500_000);
  });
});
