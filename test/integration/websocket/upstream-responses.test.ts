/** An upstream that answers a handshake with anything but a valid 101. */

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { readFailures } from '../../support/gateway.ts';
import { openConnected } from '../../support/raw-connection.ts';
import { headerValues } from '../../support/raw-http.ts';
import { gateway, HANDSHAKE, handshake, rude, untilClosed, useWebSocketFixture } from './fixture.ts';

useWebSocketFixture();

describe('an upstream that does not send a valid 101', () => {
  test.each([
    [
      '403 in chunks',
      'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nX-Why: role\r\n\r\n3\r\nnot\r\n4\r\n you\r\n0\r\n\r\n',
      403,
    ],
    [
      '200 in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Why: role\r\n\r\n7\r\nnot you\r\n0\r\n\r\n',
      200,
    ],
    ['200 with a length', 'HTTP/1.1 200 OK\r\nX-Why: role\r\nContent-Length: 7\r\n\r\nnot you', 200],
    [
      '426 until the end',
      'HTTP/1.1 426 Upgrade Required\r\nX-Why: role\r\nUpgrade: h2c\r\nConnection: close, Upgrade\r\n\r\nnot you',
      426,
    ],
  ])('%s is passed on, framed once', async (_name, bytes, status) => {
    rude.respond = socket => socket.end(bytes);
    const answer = await untilClosed({ path: '/rude', headers: [...HANDSHAKE] });
    expect(answer).toMatchObject({ status, complete: true });
    expect(answer.body.toString()).toBe('not you');
    expect(headerValues(answer.headers, 'x-why')).toEqual(['role']);
    expect(headerValues(answer.headers, 'upgrade')).toEqual([]);
    const framing = ['content-length', 'transfer-encoding'].flatMap(name => headerValues(answer.headers, name));
    expect(framing.length).toBeLessThanOrEqual(1);
  });

  test('a refusal that ends within its body: visibly cut', async () => {
    rude.respond = socket => socket.end('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n');
    const answer = await untilClosed({ path: '/rude', headers: [...HANDSHAKE] });
    expect(answer.complete).toBe(false);
  });

  test('connection refused: 502', async () => {
    const answer = await untilClosed({ path: '/dead', headers: [...HANDSHAKE] });
    expect(answer.status).toBe(502);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'upstream_unreachable' });
    expect(readFailures(await gateway.scrape(), '/dead')).toEqual({ 'upstream_unreachable/refused': 1 });
  });

  test.each([
    ['resets', 'reset', (socket: Socket) => socket.resetAndDestroy()],
    ['closes', 'reset', (socket: Socket) => socket.end()],
    ['answers garbage', 'malformed_response', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
    ['answers half a head', 'reset', (socket: Socket) => socket.end('HTTP/1.1 101 Switching Proto')],
    [
      'answers 20 KB of fields',
      'response_headers_too_large',
      (socket: Socket) => socket.end(`HTTP/1.1 101 Switching Protocols\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`),
    ],
  ])('%s: 502, counted', async (_name, cause, answerRudely) => {
    rude.respond = answerRudely;
    const answer = await untilClosed({ path: '/rude', headers: [...HANDSHAKE] });
    expect(answer.status).toBe(502);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'bad_upstream_response' });
    expect(readFailures(await gateway.scrape(), '/rude')).toEqual({ [`bad_upstream_response/${cause}`]: 1 });
  });

  test('no response: 504 within the time-outs', async () => {
    const startedAt = performance.now();
    const answer = await untilClosed({ path: '/mute', headers: [...HANDSHAKE] });
    expect(answer.status).toBe(504);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'upstream_timeout' });
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    await rude.allClosed();
  });

  test('101 for another protocol: no tunnel', async () => {
    rude.respond = socket =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: teleport\r\nConnection: Upgrade\r\n\r\n');
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('HTTP/1.1 ');
    expect(wire.text()).toMatch(/^HTTP\/1\.1 502 /);
  });
});
