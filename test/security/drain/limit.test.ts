/**
 * A drain ends: idle connections close at once, what remains is ended by the limit.
 *
 * Seen in: node:http (a refused upgrade whose socket is not read keeps the process running).
 */

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { openConnection } from '../../support/raw-connection.ts';
import {
  connected,
  drain,
  GET,
  gateway,
  hold,
  SHORT,
  start,
  UPGRADE,
  upstream,
  useDrainedGateway,
} from './drained-gateway.ts';

useDrainedGateway();

describe('idle connections', () => {
  test.each<readonly [string, string, string]>([
    ['a connection that has been answered', GET, '"url"'],
    ['a connection that has been refused', 'GET /nowhere HTTP/1.1\r\nHost: a.example\r\n\r\n', 'no_route'],
    ['a connection on which nothing has come', '', ''],
  ])('%s: closed well before the limit', async (_name, bytes, marker) => {
    const client = openConnection(gateway.port, bytes);
    await client.until(marker);
    await connected(client.socket);
    await Promise.all([drain(), client.closed]);
  });
});

test('half a head: ended by timeouts.headers, not by the limit', async () => {
  const client = openConnection(gateway.port, 'GET /x HTTP/1.1\r\nHost: a.ex');
  await connected(client.socket);
  await Promise.all([drain(), client.closed]);
});

describe('the limit ends what remains', () => {
  beforeEach(async () => {
    await gateway.close();
    await start(SHORT);
  });

  test.each([
    ['a request that is never answered', GET],
    ['an upload that never ends', 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello'],
    ['half a head', 'GET /x HTTP/1.1\r\nHo'],
    [
      'a refused upload that never ends',
      'POST /nowhere HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello',
    ],
    ['a refused upgrade whose response is not read', UPGRADE.replace('/x', '/nowhere')],
    ['a handshake that is never answered', UPGRADE],
  ])('%s', async (_name, bytes) => {
    hold();
    upstream.handleUpgrade = () => undefined;
    const client = openConnection(gateway.port, bytes);
    if (bytes.includes('nowhere')) client.socket.pause();
    await vi.waitFor(() => expect(client.socket.bytesWritten).toBe(bytes.length));
    await drain();
  });

  test('a client that does not read: ended by the limit', async () => {
    upstream.handle = (_req, res) => {
      res.on('error', () => undefined);
      const more = () => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536)));
        if (!res.destroyed) res.once('drain', more);
      };
      more();
    };
    const client = openConnection(gateway.port, GET);
    await client.until('200 OK');
    client.socket.pause();
    await drain();
  });
});
