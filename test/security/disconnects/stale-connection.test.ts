/**
 * A request that was sent on a pooled connection which the upstream was closing is sent once more where that is harmless (RFC 9110
 * section 9.2.2), and at most once.
 *
 * Seen in: every keep-alive pool (a stale socket: 502, or a POST that is sent twice).
 */

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openConnection } from '../../support/raw-connection.ts';
import { parseResponses, request } from '../../support/raw-http.ts';
import { DISCONNECTS, disconnect, gateway, get, OK, upstream, useScriptedUpstream } from './scripted-upstream.ts';

useScriptedUpstream();

describe('a kept-alive connection that the upstream has closed', () => {
  const idempotent = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'];
  const others = ['POST', 'PATCH', 'PROPPATCH', 'LOCK'];

  test.each(idempotent.flatMap(method => DISCONNECTS.map(how => [method, how] as const)))(
    '%s without a body, the upstream %s: sent once more, and answered',
    async (method, how) => {
      await fillPool();
      upstream.respond = (socket, count) => (count.onConnection > 1 ? disconnect(socket, how) : socket.write(OK));
      const response = await request(gateway.port, { method, path: '/x' });
      expect(response.status).toBe(200);
      expect(upstream.requests).toEqual([`${method} /x HTTP/1.1`, `${method} /x HTTP/1.1`]);
    },
  );

  test.each(others.flatMap(method => DISCONNECTS.map(how => [method, how] as const)))(
    '%s without a body, the upstream %s: sent once',
    async (method, how) => {
      await fillPool();
      upstream.respond = socket => disconnect(socket, how);
      expect(await request(gateway.port, { method, path: '/x' })).toMatchObject({ status: 502, complete: true });
      expect(upstream.requests).toEqual([`${method} /x HTTP/1.1`]);
    },
  );

  test.each([...idempotent.filter(method => method !== 'TRACE'), ...others])(
    '%s with a body: sent once',
    async method => {
      await fillPool();
      upstream.respond = socket => socket.resetAndDestroy();
      const response = await request(gateway.port, { method, path: '/x', body: 'hello' });
      expect(response.status).toBe(502);
      expect(upstream.requests).toEqual([`${method} /x HTTP/1.1`]);
    },
  );

  test('GET with a chunked body: sent once', async () => {
    await fillPool();
    upstream.respond = socket => socket.resetAndDestroy();
    const headers = [['Transfer-Encoding', 'chunked']] as const;
    const response = await request(gateway.port, { path: '/x', headers, body: '0\r\n\r\n' });
    expect(response.status).toBe(502);
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1']);
  });

  test.each(DISCONNECTS)('the next connection is closed too (%s): sent twice, never three times', async how => {
    await fillPool();
    upstream.respond = socket => disconnect(socket, how);
    expect(await request(gateway.port, { path: '/x' })).toMatchObject({ status: 502, complete: true });
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1', 'GET /x HTTP/1.1']);
  });

  test('ten others in the pool are closed too: sent twice, never more', async () => {
    await fillPool(10);
    upstream.respond = (socket, count) => (count.onConnection > 1 ? socket.resetAndDestroy() : socket.write(OK));
    const response = await request(gateway.port, { path: '/x' });
    expect([200, 502]).toContain(response.status);
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1', 'GET /x HTTP/1.1']);
  });

  test('a fresh connection that is closed: sent once', async () => {
    upstream.respond = socket => socket.resetAndDestroy();
    expect(await request(gateway.port, { path: '/x' })).toMatchObject({ status: 502, complete: true });
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1']);
  });

  test.each([
    ['an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n', 502],
    ['a whole head', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 200],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 200],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le', 502],
  ])('closed after %s: sent once', async (_name, bytes, status) => {
    await fillPool();
    upstream.respond = (socket, count) => {
      if (count.onConnection > 1) socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), 50));
      else socket.write(OK);
    };
    const client = openConnection(gateway.port, `${get}Connection: close\r\n\r\n`);
    await client.closed;
    const [response] = parseResponses(Buffer.from(client.text(), 'latin1')).filter(each => each.status >= 200);
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1']);
    expect(response?.status).toBe(status);
    if (status === 200) expect(response?.complete).toBe(false);
  });

  test('a client that has disconnected: no second attempt', async () => {
    await fillPool();
    const client = openConnection(gateway.port, `${get}\r\n`);
    const gone = new Promise<void>(resolve => {
      upstream.respond = async socket => {
        client.socket.resetAndDestroy();
        await client.closed;
        socket.resetAndDestroy();
        resolve();
      };
    });
    await gone;
    await gateway.requestLines(1);
    await expectQuiet();
    expect(upstream.requests).toEqual(['GET /x HTTP/1.1']);
  });
});

/** Sends one more request, which arrives after any other that was still under way. */
async function expectQuiet(): Promise<void> {
  upstream.respond = socket => socket.write(OK);
  const before = upstream.requests.length;
  await request(gateway.port, { path: '/x/quiet' });
  expect(upstream.requests.splice(before)).toEqual(['GET /x/quiet HTTP/1.1']);
}

/** Leaves `count` idle connections in the gateway's pool, each of which has served once. */
async function fillPool(count = 1): Promise<void> {
  const waiting: Socket[] = [];
  const together = new Promise<void>(resolve => {
    upstream.respond = socket => {
      if (waiting.push(socket) === count) resolve();
    };
  });
  const responses = Promise.all(Array.from({ length: count }, () => request(gateway.port, { path: '/x' })));
  await together;
  for (const socket of waiting) socket.write(OK);
  for (const { status } of await responses) expect(status).toBe(200);
  upstream.requests.length = 0;
}
