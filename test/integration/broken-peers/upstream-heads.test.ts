/** An upstream whose response head is malformed, cut or missing: 502 or 504, counted once. */

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { readFailures } from '../../support/gateway.ts';
import { request } from '../../support/raw-http.ts';
import { withTimeout } from '../../support/waiting.ts';
import { countFailures, expectAlive, gateway, MALFORMED, RESET, rude, useBrokenPeersFixture } from './fixture.ts';

useBrokenPeersFixture();

const TOO_LARGE = 'bad_upstream_response/response_headers_too_large';

const RESPONSE_TIMEOUT = 'upstream_timeout/response_timeout';

describe('an upstream without a valid response head', () => {
  const filler = 'X-Filler: '.padEnd(1024, 'x');
  test.each([
    ['resets', RESET, (socket: Socket) => socket.resetAndDestroy()],
    ['closes', RESET, (socket: Socket) => socket.end()],
    ['sends half a head, then closes', RESET, 'HTTP/1.1 200 OK\r\nContent-Le'],
    [
      'sends half a head, then resets',
      RESET,
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\n', () => socket.resetAndDestroy()),
    ],
    ['sends a garbage status line', MALFORMED, 'HELLO WORLD\r\n\r\n'],
    ['speaks SSH', MALFORMED, 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['speaks TLS', MALFORMED, '\x15\x03\x01\x00\x02\x02\x46'],
    ['speaks HTTP/2', MALFORMED, '\x00\x00\x12\x04\x00\x00\x00\x00\x00'],
    ['answers HTTP/0.9', MALFORMED, '<html>hello</html>'],
    ['answers status 99', MALFORMED, 'HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok'],
    ['answers status 099', MALFORMED, 'HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok'],
    ['answers status 000', MALFORMED, 'HTTP/1.1 000 None\r\nContent-Length: 2\r\n\r\nok'],
    ['answers status 1000', MALFORMED, 'HTTP/1.1 1000 High\r\nContent-Length: 2\r\n\r\nok'],
    ['answers status -1', MALFORMED, 'HTTP/1.1 -1 Odd\r\nContent-Length: 2\r\n\r\nok'],
    ['has a control character in a field', MALFORMED, 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 2\r\n\r\nok'],
    ['has a NUL in a field', MALFORMED, 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok'],
    ['has a bare CR in a field', MALFORMED, 'HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\nok'],
    ['has a space in a field name', MALFORMED, 'HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\nok'],
    ['has an empty field name', MALFORMED, 'HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 2\r\n\r\nok'],
    ['has 200 KB of fields', TOO_LARGE, `HTTP/1.1 200 OK\r\n${`${filler}\r\n`.repeat(200)}Content-Length: 2\r\n\r\nok`],
    [
      'has one field of 200 KB',
      TOO_LARGE,
      `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(200 * 1024)}\r\nContent-Length: 2\r\n\r\nok`,
    ],
    ['has two lengths', MALFORMED, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!'],
    ['has a length that is none', MALFORMED, 'HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok'],
    ['has a negative length', MALFORMED, 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok'],
    [
      'switches protocols on a plain request',
      MALFORMED,
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nraw',
    ],
    ['switches protocols without saying to which', MALFORMED, 'HTTP/1.1 101 Switching Protocols\r\n\r\nraw'],
    ['sends interim answers only', RESET, 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('%s: 502, counted once', async (_name, failure, answer) => {
    const delta = await countFailures();
    rude.respond = typeof answer === 'string' ? socket => socket.end(answer, 'latin1') : answer;
    const response = await request(gateway.port, { path: '/rude' });
    expect(response).toMatchObject({ status: 502, complete: true });
    expect(JSON.parse(String(response.body))).toMatchObject({ reason: failure.split('/')[0] });
    expect(await delta()).toEqual({ [failure]: 1 });
    await expectAlive();
  });

  test('connection refused: 502, counted once', async () => {
    const response = await request(gateway.port, { method: 'POST', path: '/dead', body: 'x' });
    expect(response).toMatchObject({ status: 502, complete: true });
    expect(JSON.parse(String(response.body))).toMatchObject({ reason: 'upstream_unreachable' });
    expect(readFailures(await gateway.scrape(), '/dead')).toEqual({ 'upstream_unreachable/refused': 1 });
    await expectAlive();
  });

  test("no response: 504 after timeouts.response, and the upstream's connection ends", async () => {
    const delta = await countFailures('/brief');
    const startedAt = performance.now();
    const response = await request(gateway.port, { path: '/brief' });
    expect(response).toMatchObject({ status: 504, complete: true });
    expect(JSON.parse(String(response.body))).toMatchObject({ reason: 'upstream_timeout' });
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    expect(performance.now() - startedAt).toBeLessThan(2500);
    await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
    expect(await delta()).toEqual({ [RESPONSE_TIMEOUT]: 1 });
    await expectAlive();
  });

  test('no response to a request with a body: 504', async () => {
    const response = await request(gateway.port, { method: 'POST', path: '/brief', body: 'x'.repeat(10_000) });
    expect(response.status).toBe(504);
  });
});
