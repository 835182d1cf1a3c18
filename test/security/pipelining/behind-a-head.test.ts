/** What a client sends behind the last request, a handshake, an upload or a slow request: delivered, refused or discarded. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { parseResponses, request, sendRaw } from '../../support/raw-http.ts';
import { HANDSHAKE_FIELDS } from '../../support/switching.ts';
import { pause } from '../../support/waiting.ts';
import { gateway, get, LARGE, startSlowRequest, upstream, usePipeliningGateway } from './slow-request.ts';

usePipeliningGateway();

describe('a connection that ends with its response', () => {
  test.each([
    ['the last response of a client that sent Connection: close', 'Connection: close\r\n', '/x/slow', 200],
    ['a refusal', 'Connection: close\r\n', '/none/slow', 404],
  ])('%s: arrives whole, whatever was sent behind the request', async (_name, fields, path, status) => {
    const size = 2 * 1024 * 1024;
    upstream.handle = (_req, res) => setTimeout(() => res.end(Buffer.alloc(size)), 200);
    const client = connect(gateway.port, '127.0.0.1');
    let reset: unknown;
    client.on('error', error => {
      reset = error;
    });
    client.write(get(path, fields) + LARGE.repeat(100));
    client.pause();
    await pause(600);
    const pieces: Buffer[] = [];
    client.on('data', piece => pieces.push(piece));
    client.resume();
    await once(client, 'close');
    const [response] = parseResponses(Buffer.concat(pieces));
    expect(response).toMatchObject({ status, complete: true });
    if (status === 200) expect(response?.body.length).toBe(size);
    expect(reset).toBeUndefined();
  });
});

describe('bytes behind a head', () => {
  test('200 KB behind a handshake: reach the other end of the WebSocket, in order', async () => {
    const sent = Buffer.alloc(200_000, 'abcdefghij');
    const received: Buffer[] = [];
    const all = new Promise<void>(resolve => {
      upstream.handleUpgrade = (_req, socket, head) => {
        const keep = (piece: Buffer) => {
          received.push(piece);
          if (Buffer.concat(received).length >= sent.length) resolve();
        };
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
        );
        keep(head);
        socket.on('data', keep).on('error', () => socket.destroy());
      };
    });
    const client = connect(gateway.port, '127.0.0.1').on('error', () => client.destroy());
    client.write(Buffer.concat([Buffer.from(get('/x/first') + get('/x/ws', HANDSHAKE_FIELDS)), sent]));
    client.resume();
    await all;
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    client.destroy();
  });

  test.each([
    ['a refused upload', 'POST /small/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\n', 100_000, 413],
    ['an upload to nowhere', 'POST /none HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\n', 100_000, 404],
  ])('%s and what is pipelined behind it: refused, and the connection closes', async (_name, head, size, status) => {
    const received = await sendRaw(gateway.port, head + '\r\n\r\n'.repeat(size / 4) + get('/x/behind'));
    expect(parseResponses(received).map(each => each.status)).toEqual([status]);
    expect(upstream.received.map(({ url }) => url)).not.toContain('/x/behind');
  });

  test('bytes that are no request, behind a slow request: its response first, then 400', async () => {
    const { client, respond } = await startSlowRequest('NO HTTP\r\n\r\n');
    const pieces: Buffer[] = [];
    client.on('data', piece => pieces.push(piece));
    respond();
    await once(client, 'close');
    expect(parseResponses(Buffer.concat(pieces)).map(({ status }) => status)).toEqual([200, 400]);
  });

  test('half a head behind a slow request: its time-out starts when the request before it is answered', async () => {
    const { client, respond } = await startSlowRequest('GET /x/b HTTP/1.1\r\nHo');
    // Longer than timeouts.headers.
    await pause(2_200);
    client.write('st: a.example\r\n\r\n');
    const pieces: Buffer[] = [];
    client.on('data', piece => pieces.push(piece));
    respond();
    await vi.waitFor(() => expect(parseResponses(Buffer.concat(pieces))).toHaveLength(2));
    expect(parseResponses(Buffer.concat(pieces)).map(({ status }) => status)).toEqual([200, 200]);
    client.destroy();
    expect(await request(gateway.port, { path: '/x' })).toMatchObject({ status: 200 });
  });
});
