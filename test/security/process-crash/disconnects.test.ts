/**
 * A peer that disconnects at a bad moment must not end the process.
 *
 * Seen in: http-proxy, http-proxy-3, httpxy (measured): a reset before 101.
 */

import type { Socket } from 'node:net';
import { describe, test } from 'vitest';
import { SWITCHING } from '../../support/switching.ts';
import {
  endThenRead,
  HANDSHAKE,
  raw,
  readToEnd,
  resetAtOnce,
  resetOnResponse,
  useWatchedProcess,
} from './watched-process.ts';

useWatchedProcess();

const POST = 'POST /open/x HTTP/1.1\r\nHost: a\r\n';

describe('disconnects at a bad moment: the process serves as before', () => {
  const HALF = SWITCHING.slice(0, 40);
  test.each<readonly [string, (socket: Socket) => unknown]>([
    ['resets before 101', socket => socket.resetAndDestroy()],
    ['resets in the middle of 101', socket => socket.write(HALF, () => socket.resetAndDestroy())],
    ['resets behind 101', socket => socket.write(SWITCHING, () => socket.resetAndDestroy())],
    ['ends before 101', socket => socket.end()],
    ['ends in the middle of 101', socket => socket.end(HALF)],
    ['ends behind 101', socket => socket.end(SWITCHING)],
    ['sends garbage behind 101', socket => socket.end(`${SWITCHING}${'\xff'.repeat(1000)}`, 'latin1')],
    ['never answers', () => undefined],
  ])(
    'the upstream of an upgrade %s; its client stays, disconnects at once, or disconnects then',
    async (_name, respond) => {
      raw.respond = respond;
      const upgrade = `GET /raw/x HTTP/1.1\r\n${HANDSHAKE}\r\n`;
      for (let round = 0; round < 2; round += 1) {
        await Promise.all([readToEnd(upgrade), resetAtOnce(upgrade), resetOnResponse(upgrade), endThenRead(upgrade)]);
      }
    },
  );

  test.each([1, 10, 30, 60])('the client resets after %i bytes of its request, many times', async count => {
    for (let round = 0; round < 20; round += 1)
      await resetAtOnce(`${POST}Content-Length: 1000\r\n\r\n`.slice(0, count));
  });
});
