/** Bodies of requests and responses, forwarded with their framing (RFC 9112 section 6). */

import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, readFailures, startGateway } from '../../support/gateway.ts';
import { openConnected, type RawConnection } from '../../support/raw-connection.ts';
import { bearer, formatChunks, formatRequest, headerValues, parseResponses, sendRaw } from '../../support/raw-http.ts';
import { readBody } from '../../support/upstream.ts';
import { eventually, withTimeout } from '../../support/waiting.ts';
import {
  CHUNKED,
  call,
  expectOneRequest,
  gateway,
  gatewayYaml,
  head,
  onlyRequest,
  pipeline,
  token,
  upstream,
  useForwardingFixture,
} from './fixture.ts';

useForwardingFixture();

describe('bodies', () => {
  test('HEAD: fields without a body, the connection serves the next request', async () => {
    upstream.handle = (_req, res) => res.writeHead(200, { 'content-length': '12', etag: '"v1"' }).end();
    const [first, second] = await pipeline([
      { method: 'HEAD', path: '/api/a' },
      { path: '/api/b', method: 'HEAD' },
    ]);
    expect(first?.status).toBe(200);
    expect(headerValues(first?.headers ?? [], 'content-length')).toEqual(['12']);
    expect(headerValues(first?.headers ?? [], 'etag')).toEqual(['"v1"']);
    expect(second?.status).toBe(200);
    expect(upstream.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['HEAD /api/a', 'HEAD /api/b']);
  });

  test.each([204, 304])('%i: no body and no framing, and the connection serves the next request', async status => {
    upstream.handle = (req, res) => {
      if (req.url === '/api/empty') res.writeHead(status, { etag: '"v1"' }).end();
      else res.end('next');
    };
    const [empty, next] = await pipeline([{ path: '/api/empty' }, { path: '/api/next' }]);
    expect(empty?.status).toBe(status);
    expect(headerValues(empty?.headers ?? [], 'etag')).toEqual(['"v1"']);
    expect(headerValues(empty?.headers ?? [], 'transfer-encoding')).toEqual([]);
    expect(next).toMatchObject({ status: 200, complete: true });
    expect(next?.body.toString()).toBe('next');
  });

  test('304 with the Content-Length of a 200: forwarded, the connection serves the next request', async () => {
    upstream.handle = (req, res) => {
      if (req.url === '/api/same') res.socket?.write('HTTP/1.1 304 Not Modified\r\nContent-Length: 40\r\n\r\n');
      else res.end('next');
    };
    const [same, next] = await pipeline([{ path: '/api/same' }, { path: '/api/next' }]);
    expect(same?.status).toBe(304);
    expect(headerValues(same?.headers ?? [], 'content-length')).toEqual(['40']);
    expect(next?.body.toString()).toBe('next');
    expect(readFailures(await gateway.scrape(), '/api')).toEqual({});
  });

  test('204 with Content-Length: complete, no failure', async () => {
    upstream.handle = (req, res) => {
      if (req.url === '/api/none') res.socket?.write('HTTP/1.1 204 No Content\r\nContent-Length: 40\r\n\r\n');
      else res.end('next');
    };
    const [none, next] = await pipeline([{ path: '/api/none' }, { path: '/api/next' }]);
    expect(none).toMatchObject({ status: 204, complete: true });
    expect(headerValues(none?.headers ?? [], 'content-length')).toEqual([]);
    expect(next?.body.toString()).toBe('next');
    expect(readFailures(await gateway.scrape(), '/api')).toEqual({});
  });

  test('chunked both ways: the same bytes, framed anew at each hop', async () => {
    upstream.handle = async (req, res, received) => {
      const body = await readBody(req, received);
      res.write(body.subarray(0, 3));
      res.end(body.subarray(3));
    };
    const answer = await call({
      method: 'POST',
      path: '/api/a',
      headers: [CHUNKED],
      body: formatChunks('hello', ' world'),
    });
    expect(answer.body.toString()).toBe('hello world');
    expect(headerValues(answer.headers, 'transfer-encoding')).toEqual(['chunked']);
    expect(answer.complete).toBe(true);
    const received = onlyRequest();
    expect(received.body?.text).toBe('hello world');
    // Where the whole body is there already, Content-Length may be sent instead, never both.
    const framing = [
      ...headerValues(received.rawHeaders, 'transfer-encoding'),
      ...headerValues(received.rawHeaders, 'content-length'),
    ];
    expect(['chunked', '11']).toContain(framing.join());
  });

  test('Content-Length both ways: the same length, and no chunks', async () => {
    upstream.handle = async (req, res, received) => {
      const body = await readBody(req, received);
      res.writeHead(200, { 'content-length': String(body.length) }).end(body);
    };
    const answer = await call({ method: 'PUT', path: '/api/a', body: 'hello world' });
    expect(answer.body.toString()).toBe('hello world');
    expect(headerValues(answer.headers, 'content-length')).toEqual(['11']);
    expect(headerValues(answer.headers, 'transfer-encoding')).toEqual([]);
    const received = onlyRequest();
    expect(headerValues(received.rawHeaders, 'content-length')).toEqual(['11']);
    expect(headerValues(received.rawHeaders, 'transfer-encoding')).toEqual([]);
  });

  test('POST with Content-Length: 0: one request without a body', async () => {
    const answer = await call({ method: 'POST', path: '/api/a', headers: [['Content-Length', '0']] });
    expect(answer.status).toBe(200);
    expect(onlyRequest()).toMatchObject({ method: 'POST', body: { length: 0 } });
    expect(headerValues(onlyRequest().rawHeaders, 'transfer-encoding')).toEqual([]);
  });

  const smuggled = 'GET /api/smuggled HTTP/1.1\r\nHost: internal\r\nX-User: admin\r\n\r\n';
  const bodied = ['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'];
  test.each(bodied)(
    'CVE-2026-29057: a chunked %s whose body reads like a request arrives as ONE request',
    async method => {
      const answer = await call({ method, path: '/api/a', headers: [CHUNKED], body: formatChunks(smuggled) });
      expect(answer.status).toBe(200);
      await expectOneRequest(method, smuggled);
    },
  );

  test.each(bodied)('a %s with Content-Length whose body reads like a request arrives as ONE request', async method => {
    const answer = await call({ method, path: '/api/a', body: smuggled });
    expect(answer.status).toBe(200);
    await expectOneRequest(method, smuggled);
  });

  test('a trailer section of the client: dropped, the next request is read behind it', async () => {
    const first = formatRequest(gateway.port, {
      method: 'POST',
      path: '/api/a',
      headers: [bearer(token), CHUNKED, ['Trailer', 'X-User'], ['Connection', 'keep-alive']],
      body: '5\r\nhello\r\n0\r\nX-User: admin\r\n\r\n',
    });
    const second = formatRequest(gateway.port, { path: '/api/b', headers: [bearer(token)] });
    const answers = parseResponses(await sendRaw(gateway.port, Buffer.concat([first, second]), { responses: 2 }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(upstream.received.map(({ url }) => url)).toEqual(['/api/a', '/api/b']);
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'trailer')).toEqual([]);
    expect(JSON.stringify(upstream.received)).not.toContain('admin');
  });

  test('an early response: reaches the client that is still uploading', async () => {
    upstream.handle = (_req, res) => res.writeHead(413, { connection: 'close' }).end('too large');
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('POST /api/a', [bearer(token), ['Content-Length', String(64 * 1024 * 1024)]]));
    wire.socket.write(Buffer.alloc(64 * 1024));
    await wire.until('too large');
    const [answer] = parseResponses(Buffer.from(wire.text(), 'latin1'), { open: true });
    expect(answer?.status).toBe(413);
    expect(answer?.body.toString()).toBe('too large');
    expect((await call({ path: '/api/next' })).status).toBe(413);
  });

  describe('after an early response on a kept connection', () => {
    let own: RunningGateway;
    let wire: RawConnection;
    const rest = Buffer.alloc(256 * 1024);

    beforeEach(async () => {
      own = await startGateway(gatewayYaml());
      upstream.handle = (_req, res) => res.writeHead(403).end('no need');
      wire = await openConnected(own.port);
      wire.socket.write(head('POST /api/a', [bearer(token), ['Content-Length', String(rest.length + 1)]]));
      wire.socket.write('a');
      await wire.until('no need');
      upstream.handle = (_req, res) => res.end('the next one');
    });

    afterEach(async () => {
      wire.socket.destroy();
      await withTimeout(5000, own.close(), 'the gateway did not drain');
    });

    test('the rest of the body: discarded, the connection serves the next request or ends', async () => {
      wire.socket.write(rest);
      wire.socket.write(head('GET /api/next', [bearer(token)]));
      const served = wire.until('the next one').catch(() => undefined);
      await withTimeout(3000, Promise.race([served, wire.closed]), 'neither');
    });

    test("the client disconnects: the upstream's connection ends", async () => {
      wire.socket.destroy();
      await eventually(async () => (await own.sample('audgate_open_connections{kind="http"}')) === 0);
    });
  });

  test('a chunk of a request body: forwarded before the next is sent', async () => {
    const first = new Promise<string>(resolve => {
      upstream.handle = async (req, res) => {
        req.once('data', piece => resolve(String(piece)));
        await once(req, 'end');
        res.end('done');
      };
    });
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('DELETE /api/a', [bearer(token), CHUNKED, ['Connection', 'close']]));
    wire.socket.write('5\r\nhello\r\n');
    expect(await withTimeout(3000, first, 'the piece did not arrive')).toBe('hello');
    expect(headerValues(onlyRequest().rawHeaders, 'transfer-encoding')).toEqual(['chunked']);
    wire.socket.write('0\r\n\r\n');
    await wire.until('done');
  });
});
