/**
 * What waits behind a slow request is limited in bytes: reading stops, and the parser gets the next head when the request before
 * it has been answered.
 *
 * Seen in: this gateway, where 254 heads of 15 KB behind one slow request held 4.4 MiB, and 66 such connections ended a process
 * of 256 MB; every queue whose limit is a count.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { parseResponses } from '../../support/raw-http.ts';
import {
  gateway,
  gatewaySockets,
  get,
  LARGE,
  parsed,
  settle,
  startSlowRequest,
  upstream,
  usePipeliningGateway,
} from './slow-request.ts';

/** What is read ahead, one piece of node:net, and one more that it reads from a paused socket. */
const MOST_HELD = (16 + 64 + 64) * 1024;

usePipeliningGateway();

describe('bytes that wait on a connection', () => {
  test.each([
    ['heads of 15 KB', LARGE.repeat(300)],
    ['the smallest heads', 'GET / HTTP/1.1\r\n\r\n'.repeat(200_000)],
    ['one head without an end', 'GET /x/b HTTP/1.1\r\nX-A: '.padEnd(4_000_000, 'x')],
    ['empty lines', '\r\n'.repeat(2_000_000)],
  ])('%s behind a slow request: one head is parsed, reading stops, and no more is held', async (_name, bytes) => {
    const { client, port, socket, closed } = await startSlowRequest(bytes);
    expect((await settle(socket)) - get('/x/slow').length).toBeLessThanOrEqual(MOST_HELD);
    expect(parsed.get(port)).toBe(1);
    expect(socket.readableLength).toBeLessThanOrEqual(MOST_HELD);
    client.destroy();
    upstream.server.closeAllConnections();
    await closed;
  });

  test('small pieces behind a slow request: no more is held than of large ones', async () => {
    const { client, socket, port } = await startSlowRequest('');
    client.setNoDelay();
    for (let count = 0; count < 400; count += 1) {
      client.write('x'.repeat(1_000));
      await setImmediate();
    }
    expect((await settle(socket)) - get('/x/slow').length).toBeLessThanOrEqual(MOST_HELD);
    expect(parsed.get(port)).toBe(1);
    client.destroy();
    upstream.server.closeAllConnections();
  });

  test('requests in the same piece as the end of a body: one waits, the rest is not read', async () => {
    const upload = 'POST /x/slow HTTP/1.1\r\nHost: a.example\r\nContent-Length: 30000\r\n\r\n';
    const { client, port, respond, socket } = await startSlowRequest('');
    client.destroy();
    const other = connect(gateway.port, '127.0.0.1');
    await once(other, 'connect');
    const arrived = once(upstream.server, 'request');
    other.write(upload + 'x'.repeat(30_000) + get('/x/1') + get('/x/2') + LARGE.repeat(300));
    await arrived;
    const gatewaySide = gatewaySockets.get(other.localPort ?? 0) as Socket;
    expect((await settle(gatewaySide)) - 30_000).toBeLessThanOrEqual(MOST_HELD);
    expect(parsed.get(other.localPort ?? 0)).toBeLessThanOrEqual(2);
    other.destroy();
    respond();
    expect([socket.destroyed, parsed.get(port)]).toEqual([true, 1]);
    // The client that disconnected may not be noticed while its request is under way.
    upstream.server.closeAllConnections();
  });

  test('heads of another protocol behind a body in one piece: not read before the response, then one refusal', async () => {
    const { client, respond } = await startSlowRequest('');
    client.destroy();
    const hostile = connect(gateway.port, '127.0.0.1');
    const received: Buffer[] = [];
    hostile.on('data', piece => received.push(piece)).on('error', () => hostile.destroy());
    await once(hostile, 'connect');
    const arrived = once(upstream.server, 'request');
    const head = 'POST /x/slow HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\n';
    hostile.write(`${head}ab${'OPTIONS * RTSP/1.0\r\n\r\n'.repeat(100)}`);
    await arrived;
    expect(parsed.get(hostile.localPort ?? 0)).toBe(1);
    respond(1);
    await once(hostile, 'close');
    expect(parseResponses(Buffer.concat(received)).map(({ status }) => status)).toEqual([200, 400]);
  });
});
