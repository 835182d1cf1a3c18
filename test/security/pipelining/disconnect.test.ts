/** A client that disconnects while its request is under way is noticed, although reading may have stopped behind the request. */

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { get, LARGE, settle, startSlowRequest, usePipeliningGateway } from './slow-request.ts';

/** Milliseconds within which a client that disconnects is noticed. */
const PROMPT = 250;

usePipeliningGateway();

describe('a client that disconnects while its request is under way', () => {
  const behind: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['half a head', get('/x/b').slice(0, 20)],
    ['one head', get('/x/b')],
    ['one head of 15 KB', LARGE],
    ['a hundred small heads', get('/x/b').repeat(100)],
  ];
  const cases = behind.flatMap(([name, bytes]) =>
    (['resets', 'closes'] as const).map(how => [name, how, bytes] as const),
  );

  test.each(cases)('%s behind it, the client %s: its request ends within 250 ms', async (_name, how, bytes) => {
    const measured: number[] = [];
    while (measured.length < 5 && !measured.some(elapsed => elapsed <= PROMPT)) {
      const { client, closed, socket } = await startSlowRequest(bytes);
      await settle(socket);
      const startedAt = performance.now();
      if (how === 'resets') client.resetAndDestroy();
      else client.destroy();
      await closed;
      measured.push(performance.now() - startedAt);
    }
    expect(Math.min(...measured), `${measured}`).toBeLessThanOrEqual(PROMPT);
  });

  test.each(['resets', 'closes'] as const)(
    'more behind it than is read ahead, the client %s: timeouts.response of the route is the limit',
    async how => {
      const { client, closed, socket } = await startSlowRequest(LARGE.repeat(300), '/short/slow');
      await settle(socket);
      const startedAt = performance.now();
      if (how === 'resets') client.resetAndDestroy();
      else client.destroy();
      await closed;
      expect(performance.now() - startedAt).toBeLessThan(2_500);
      await isClosed(socket);
    },
  );

  test('more behind it than is read ahead: noticed when the response is written', async () => {
    const { client, respond, socket } = await startSlowRequest(LARGE.repeat(300));
    await settle(socket);
    client.resetAndDestroy();
    respond();
    await isClosed(socket);
  });
});

/** Not `once`, which rejects on an error. */
function isClosed(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}
