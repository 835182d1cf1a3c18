/**
 * A refusal before the body was read: the connection closes, and the response still arrives (RFC 9112 section 9.6).
 *
 * Seen in: node:http (an unread body becomes the next request; a reset that overtakes the 401).
 */

import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { headerValues, parseResponses, sendRaw, sendThenEnd } from '../../support/raw-http.ts';
import { gateway, HIDDEN, TE, upstream, useFramingGateway } from './framed-requests.ts';

useFramingGateway();

describe('a refusal before the body was read: the response arrives, the connection closes, the body is not read as a request', () => {
  test.each([
    ['a length', `Content-Length: ${HIDDEN.length}\r\n`, HIDDEN],
    ['chunks', TE, `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`],
    ['a length that never comes', 'Content-Length: 1000\r\n', HIDDEN],
    ['chunks that never end', TE, `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n`],
    ['a length, and a request behind', `Content-Length: ${HIDDEN.length}\r\n`, HIDDEN + HIDDEN],
  ])('%s', async (_name, fields, body) => {
    const received = await sendThenEnd(
      gateway.port,
      `POST /api/x HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n${body}`,
      { finalStatus: 400 },
    );
    const [response] = parseResponses(received);
    expect(response).toMatchObject({ status: 401, complete: true });
    expect(upstream.received).toEqual([]);
  });

  test.each([
    ['a length', 'POST', `Content-Length: ${4 * 1024 * 1024}\r\n`, Buffer.alloc(4 * 1024 * 1024, 'x')],
    ['chunks', 'PUT', TE, Buffer.from(`400000\r\n${'x'.repeat(4 * 1024 * 1024)}\r\n0\r\n\r\n`)],
    ['a length, on a DELETE', 'DELETE', `Content-Length: ${4 * 1024 * 1024}\r\n`, Buffer.alloc(4 * 1024 * 1024, 'x')],
  ])(
    '4 MiB with %s, from a client that reads only after it has sent everything: the response arrives',
    async (_name, method, fields, body) => {
      const socket = connect(gateway.port, '127.0.0.1').pause();
      const closed = new Promise(resolve => socket.once('close', resolve));
      const errors: Error[] = [];
      socket.on('error', error => errors.push(error));
      socket.write(`${method} /api/x HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`);
      await new Promise(resolve => socket.write(body, resolve));
      const pieces: Buffer[] = [];
      socket.on('data', piece => pieces.push(piece)).resume();
      await closed;
      const [response] = parseResponses(Buffer.concat(pieces));
      expect(response).toMatchObject({ status: 401, complete: true });
      expect(headerValues(response?.headers ?? [], 'connection')).toEqual(['close']);
      expect(upstream.received).toEqual([]);
      expect(errors.filter(error => 'code' in error && error.code !== 'EPIPE' && error.code !== 'ECONNRESET')).toEqual(
        [],
      );
    },
  );

  test('a refusal of a request without a body: the connection stays open', async () => {
    const refused = 'GET /api/x HTTP/1.1\r\nHost: a.example\r\n\r\n';
    const last = 'GET /open/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
    const responses = parseResponses(await sendRaw(gateway.port, refused + refused + last));
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 200]);
  });
});
