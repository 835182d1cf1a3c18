/**
 * A drain closes WebSockets with 1001 (RFC 6455 section 7.4.1), never within a frame.
 *
 * Seen in: Traefik and Envoy (WebSockets cut in the middle of a frame).
 */

import type { Duplex } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { openConnection, type RawConnection } from '../../support/raw-connection.ts';
import { SWITCHING } from '../../support/switching.ts';
import { drain, gateway, refusesConnections, UPGRADE, upstream, useDrainedGateway } from './drained-gateway.ts';

const GOING_AWAY = '\x88\x02\x03\xe9';

useDrainedGateway();

describe('WebSockets: close code 1001, between two frames', () => {
  const frame = (length: number) =>
    Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, length >> 8, length & 255]), Buffer.alloc(length, 'x')]);

  test.each([
    ['that is silent', 0, 0],
    ['in the middle of a frame', 40_000, 10_000],
    ['in the middle of the header of a frame', 40_000, 3],
    ['behind a frame', 40_000, 40_010],
  ])('%s', async (_name, length, first) => {
    const bytes = frame(length).subarray(0, length === 0 ? 0 : undefined);
    const { client, atUpstream } = await tunnel(bytes.subarray(0, first));
    await vi.waitFor(() => expect(content(client).length).toBe(first));
    const drained = drain();
    await refusesConnections();
    if (first < bytes.length) {
      expect(content(client)).not.toContain(GOING_AWAY);
      atUpstream.write(bytes.subarray(first));
    }
    await client.closed;
    expect(content(client)).toBe(bytes.toString('latin1') + GOING_AWAY);
    await drained;
  });

  test('the upstream never ends its frame: ended all the same', async () => {
    const { client } = await tunnel(frame(40_000).subarray(0, 10_000));
    await Promise.all([drain(), client.closed]);
  });

  test('the upstream sends another frame: its frame is whole before the close frame', async () => {
    const bytes = frame(20_000);
    const { client, atUpstream } = await tunnel(bytes.subarray(0, 10));
    const drained = drain();
    await refusesConnections();
    atUpstream.write(Buffer.concat([bytes.subarray(10), frame(100), frame(100)]));
    await client.closed;
    expect(content(client)).toBe(bytes.toString('latin1') + GOING_AWAY);
    await drained;
  });
});

/** A WebSocket on which the upstream has sent `bytes`. */
async function tunnel(bytes: Buffer): Promise<{ readonly client: RawConnection; readonly atUpstream: Duplex }> {
  const opened = new Promise<Duplex>(resolve => {
    upstream.handleUpgrade = (_req, socket) => {
      socket.on('error', () => socket.destroy());
      socket.write(Buffer.concat([Buffer.from(SWITCHING), bytes]));
      resolve(socket);
    };
  });
  const client = openConnection(gateway.port, UPGRADE);
  await client.until('\r\n\r\n');
  return { client, atUpstream: await opened };
}

function content(client: RawConnection): string {
  return client.text().replace(/^.*?\r\n\r\n/s, '');
}
