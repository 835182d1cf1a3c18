/** The same connections over TLS on the client's side: served, kept, cut and closed as over TCP. */

import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IncomingRequest } from '../../src/http/server/incoming-request.ts';
import { HttpServer } from '../../src/http/server/server.ts';
import { Sweeper } from '../../src/http/sweeper.ts';
import { createAuthority, hasOpenssl } from '../support/certificates.ts';
import { parseResponses } from '../support/raw-http.ts';
import { until } from './client.ts';
import { SETTINGS } from './relay.ts';

describe.skipIf(!hasOpenssl)('over TLS', () => {
  const authority = createAuthority(mkdtempSync(join(tmpdir(), 'audgate-http-')));
  const { cert, key } = authority.issue('DNS:localhost');
  let listener: Server;
  let server: HttpServer;
  let onRequest: (request: IncomingRequest) => void;

  beforeEach(async () => {
    const onFault = (fault: unknown) => {
      throw fault;
    };
    const onSlowHead = () => undefined;
    server = new HttpServer(SETTINGS, { onRequest: request => onRequest(request), onSlowHead, onFault }, new Sweeper());
    listener = createServer({ cert, key, allowHalfOpen: true }, socket => void server.accept(socket));
    listener.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(listener, 'listening');
  });

  afterEach(async () => {
    const closed = once(listener, 'close');
    listener.close();
    server.destroy();
    await closed;
  });

  async function open(sent: string) {
    const { port } = listener.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: readFileSync(authority.file) });
    const client = { socket, text: '', isClosed: false };
    socket
      .on('error', () => undefined)
      .on('close', () => {
        client.isClosed = true;
      });
    socket.setEncoding('latin1').on('data', (piece: unknown) => {
      client.text += piece as string;
    });
    await once(socket, 'secureConnect');
    socket.write(sent, 'latin1');
    return client;
  }

  const get = (fields = '') => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  const responses = (text: string, open = true) => parseResponses(Buffer.from(text, 'latin1'), { open });

  test('pipelined requests, large responses: whole and in order', async () => {
    let count = 0;
    onRequest = request =>
      request.respond({ status: 200, reason: '', fields: [] }, Buffer.alloc(200_000, String(count++)));
    const client = await open(get().repeat(5));
    await until(() => responses(client.text).filter(({ complete }) => complete).length === 5);
    expect(responses(client.text).map(({ body }) => body.toString('latin1', 0, 3))).toEqual([
      '000',
      '111',
      '222',
      '333',
      '444',
    ]);
    client.socket.destroy();
    await until(() => server.size === 0);
  });

  test('aborted in its middle: it looks cut', async () => {
    onRequest = request => {
      request.start({ status: 200, reason: '', fields: [], body: 'unknown' });
      request.write(Buffer.from('hello'));
      setTimeout(() => request.abort(), 30);
    };
    const client = await open(get());
    await until(() => client.isClosed);
    expect(responses(client.text, false)[0]?.complete ?? false).toBe(false);
  });

  test('the last response, and bytes behind the request: the response arrives whole', async () => {
    onRequest = request => request.respond({ status: 413, reason: '', fields: [] }, Buffer.from('no'));
    const client = await open(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(1_000_000)}`);
    await until(() => client.isClosed);
    expect(responses(client.text, false)).toMatchObject([{ status: 413, complete: true }]);
  });

  test('a client that leaves: told at once', async () => {
    let end: string | undefined;
    onRequest = request => {
      const nothing = () => undefined;
      request.handler = {
        onBody: () => true,
        onBodyEnd: nothing,
        onBodyError: nothing,
        onClientReady: nothing,
        onClose: given => {
          end = given;
        },
        onFault: nothing,
      };
    };
    const client = await open(get());
    await new Promise(resolve => setTimeout(resolve, 50));
    client.socket.end();
    expect(await until(() => end === 'client_gone')).toBeLessThan(250);
  });
});
