/** An upstream that ends its response in the body: the client sees that it was cut. */

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { headerValues, parseResponses } from '../../support/raw-http.ts';
import { withTimeout } from '../../support/waiting.ts';
import {
  type Answered,
  countFailures,
  endOf,
  expectAlive,
  MALFORMED,
  RESET,
  readToTheEnd,
  rude,
  sendGet,
  useBrokenPeersFixture,
} from './fixture.ts';

useBrokenPeersFixture();

const IDLE_TIMEOUT = 'upstream_timeout/idle_timeout';

describe('an upstream that ends within the body', () => {
  const OK = 'HTTP/1.1 200 OK\r\n';
  const CLOSE = `${OK}Connection: close\r\n`;
  const LENGTH = 'Content-Length: 10\r\n\r\n';
  const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
  const close = (socket: Socket) => socket.end();
  const reset = (socket: Socket) => socket.resetAndDestroy();
  const cut: [string, string, (socket: Socket) => unknown][] = [
    ['closes before its Content-Length', `${OK}${LENGTH}hello`, close],
    ['closes before the first byte of it', `${OK}${LENGTH}`, close],
    ['resets before its Content-Length', `${OK}${LENGTH}hello`, reset],
    ['says Connection: close, and closes before its Content-Length', `${CLOSE}${LENGTH}hello`, close],
    ['says Connection: close, and resets before its Content-Length', `${CLOSE}${LENGTH}hello`, reset],
    ['closes between chunks', `${OK}${CHUNKED}`, close],
    ['closes in a chunk', `${OK}${CHUNKED}`, socket => socket.end('a\r\nhalf')],
    ['closes before the end of the last chunk', `${OK}${CHUNKED}`, socket => socket.end('0\r\n')],
    ['resets between chunks', `${OK}${CHUNKED}`, reset],
    ['says Connection: close, and closes between chunks', `${CLOSE}${CHUNKED}`, close],
    ['says Connection: close, and resets between chunks', `${CLOSE}${CHUNKED}`, reset],
    ['has a chunk size that is none', `${OK}${CHUNKED}`, socket => socket.end('zz\r\nhello\r\n0\r\n\r\n')],
    [
      'has a chunk longer than it says',
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nhel`,
      socket => socket.end('lo\r\n0\r\n\r\n'),
    ],
    // Only the end of the connection ends such a body, so a reset is the only sign that it was cut (RFC 9112 section 8).
    ['resets a body without a length', `${CLOSE}\r\nhello`, reset],
  ];

  /** What is malformed may come in one piece with its head, of which nothing has left by then. */
  const isRefusal = ({ text }: Awaited<ReturnType<typeof readToTheEnd>>) => text.startsWith('HTTP/1.1 502 ');

  test.each(cut)('%s, at once: the body is aborted, or a 502 takes its place', async (name, start, end) => {
    rude.respond = socket => socket.write(start, () => end(socket));
    const answered = await readToTheEnd('/rude', '1.1');
    // Node.js reports data and a reset that arrive together as data and an end, so this cannot be tested.
    if (!name.includes('without a length')) expect(looksWhole(answered) && !isRefusal(answered)).toBe(false);
    await expectAlive();
  });

  describe.each(['1.0', '1.1'] as const)('once it has reached an HTTP/%s client', version => {
    test.each(cut)('%s: the body is aborted, counted once', async (name, start, end) => {
      const delta = await countFailures();
      rude.respond = socket => socket.write(start);
      const wire = await sendGet('/rude', version);
      await wire.until(start.includes('hel') ? 'hel' : '\r\n\r\n');
      for (const socket of rude.sockets) end(socket);
      const answered = await endOf(wire);
      expect(looksWhole(answered), JSON.stringify(answered)).toBe(false);
      expect(await delta()).toEqual({
        [name.includes('a chunk size') || name.includes('longer than') ? MALFORMED : RESET]: 1,
      });
      await expectAlive();
    });
  });

  test.each(['1.0', '1.1'] as const)(
    'silent for longer than timeouts.idle: the body of an HTTP/%s client is aborted',
    async version => {
      const delta = await countFailures('/brief');
      rude.respond = socket => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      const answered = await readToTheEnd('/brief', version);
      expect(answered.text).toContain('hello');
      expect(looksWhole(answered)).toBe(false);
      await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
      expect(await delta()).toEqual({ [IDLE_TIMEOUT]: 1 });
      await expectAlive();
    },
  );

  test('Content-Length and Transfer-Encoding in one response: refused, or framed once', async () => {
    rude.respond = socket =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
    const [answer] = parseResponses(Buffer.from((await readToTheEnd('/rude', '1.1')).text, 'latin1'));
    const framing = ['content-length', 'transfer-encoding'].flatMap(name => headerValues(answer?.headers ?? [], name));
    expect(framing.length).toBe(1);
    if (answer?.status !== 502) expect(answer?.body.toString()).toBe('hello');
    await expectAlive();
  });
});

/** A response without framing is complete where its connection ends in order (RFC 9112 section 6.3). */
function looksWhole({ text, isCleanEnd }: Answered): boolean {
  const [answer] = parseResponses(Buffer.from(text, 'latin1'));
  if (answer === undefined || answer.status === 0) return false;
  const isFramed = ['content-length', 'transfer-encoding'].some(name => headerValues(answer.headers, name).length > 0);
  return answer.complete && (isFramed || isCleanEnd);
}
