/** A client that disconnects: the request to the upstream ends. */

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openConnected } from '../../support/raw-connection.ts';
import { withTimeout } from '../../support/waiting.ts';
import { countFailures, expectAlive, gateway, line, rude, upstream, useBrokenPeersFixture } from './fixture.ts';

useBrokenPeersFixture();

describe('a client that disconnects', () => {
  test.each(leavings())(
    "before the response head (%s): the upstream's request ends within 250 ms, status 499",
    async (name, leave) => {
      const lines = gateway.log.length;
      const delta = await countFailures();
      const wire = await openConnected(gateway.port);
      wire.socket.write(`GET /rude/before-${name} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
      await rude.until('GET /rude');
      leave(wire.socket);
      await withTimeout(250, rude.allClosed(), "the upstream's request did not end");
      expect(await line(lines, { path: `/rude/before-${name}` })).toMatchObject({
        status: 499,
        route: '/rude',
        outcome: 'forwarded',
      });
      expect(await delta()).toEqual({});
      await expectAlive();
    },
  );

  test.each(leavings())(
    "during its upload (%s): the upstream's request ends within 250 ms, status 499",
    async (name, leave) => {
      const lines = gateway.log.length;
      const wire = await openConnected(gateway.port);
      wire.socket.write(`POST /rude/during-${name} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\nhello`);
      await rude.until('hello');
      leave(wire.socket);
      await withTimeout(250, rude.allClosed(), "the upstream's request did not end");
      expect(await line(lines, { path: `/rude/during-${name}` })).toMatchObject({ status: 499, route: '/rude' });
      await expectAlive();
    },
  );

  test.each(leavings())("during its download (%s): the upstream's response ends within 250 ms", async (name, leave) => {
    const lines = gateway.log.length;
    const delta = await countFailures();
    rude.respond = socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello');
    const wire = await openConnected(gateway.port);
    wire.socket.write(`GET /rude/after-${name} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    await wire.until('hello');
    leave(wire.socket);
    await withTimeout(250, rude.allClosed(), "the upstream's response did not end");
    expect(await line(lines, { path: `/rude/after-${name}` })).toMatchObject({ status: 200, route: '/rude' });
    expect(await delta()).toEqual({});
    await expectAlive();
  });

  test('within its request head: nothing is forwarded, the gateway serves on', async () => {
    const wire = await openConnected(gateway.port);
    wire.socket.write('GET /open/a HTTP/1.1\r\nHost: a.exa');
    await gateway.scrape();
    wire.socket.resetAndDestroy();
    await expectAlive();
    expect(upstream.received.map(({ url }) => url)).toEqual(['/open/alive']);
  });
});

function leavings(): [string, (socket: Socket) => unknown][] {
  return [
    ['reset', socket => socket.resetAndDestroy()],
    ['closed', socket => socket.destroy()],
  ];
}
