/** An upstream that sends more than its response: the rest reaches no client. */

import { describe, expect, test } from 'vitest';
import { headerValues, parseResponses, request } from '../../support/raw-http.ts';
import { withTimeout } from '../../support/waiting.ts';
import { countFailures, expectAlive, gateway, readToTheEnd, rude, useBrokenPeersFixture } from './fixture.ts';

useBrokenPeersFixture();

describe('an upstream that sends more than its response', () => {
  test.each([
    ['extra bytes', 'EXTRA'],
    ['a second answer', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON'],
  ])('%s after the body: the client gets its response, the next client nothing of the rest', async (_name, extra) => {
    rude.respond = socket => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${extra}`);
    for (let count = 0; count < 10; count += 1) {
      const answered = await readToTheEnd('/rude', '1.1');
      const responses = parseResponses(Buffer.from(answered.text, 'latin1'));
      expect(answered.text).not.toContain(extra);
      expect(responses).toMatchObject([{ status: 200, complete: true }]);
      expect(String(responses[0]?.body)).toBe('ok');
    }
    await expectAlive();
  });

  test('a response on an idle connection: discarded, the connection ends', async () => {
    rude.respond = socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect((await request(gateway.port, { path: '/rude' })).status).toBe(200);
    for (const socket of rude.sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON');
    await withTimeout(1000, rude.allClosed(), 'the connection was kept');
    const next = await request(gateway.port, { path: '/rude' });
    expect(next.body.toString()).toBe('ok');
  });

  test.each([204, 304])('a %i with a body: the body is discarded', async status => {
    rude.respond = socket =>
      socket.write(`HTTP/1.1 ${status} Fine\r\nETag: "a"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON`);
    const answered = await readToTheEnd('/rude', '1.1');
    expect(answered.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answered.text).not.toContain('POISON');
    await expectAlive();
  });

  test.each([
    ['a control character', 'HTTP/1.1 200 O\x01K'],
    ['a NUL', 'HTTP/1.1 200 O\0K'],
    ['a bare CR', 'HTTP/1.1 200 O\rX-Injected: 1'],
    ['8 KB', `HTTP/1.1 200 ${'O'.repeat(8192)}`],
    ['obs-text', 'HTTP/1.1 200 \xe9\xff'],
    ['nothing', 'HTTP/1.1 200'],
  ])('a reason phrase with %s: harmless', async (_name, statusLine) => {
    rude.respond = socket => socket.end(`${statusLine}\r\nContent-Length: 2\r\n\r\nok`, 'latin1');
    const answer = await request(gateway.port, { path: '/rude' });
    expect([200, 502]).toContain(answer.status);
    expect(answer.complete).toBe(true);
    expect(headerValues(answer.headers, 'x-injected')).toEqual([]);
    await expectAlive();
  });

  test('a complete response, then a reset: delivered', async () => {
    rude.respond = socket =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', () => socket.resetAndDestroy());
    const delta = await countFailures();
    const answer = await request(gateway.port, { path: '/rude' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(await delta()).toEqual({});
    await expectAlive();
  });

  test('status 999: forwarded', async () => {
    rude.respond = socket => socket.end('HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok');
    expect(await request(gateway.port, { path: '/rude' })).toMatchObject({ status: 999, complete: true });
  });
});
