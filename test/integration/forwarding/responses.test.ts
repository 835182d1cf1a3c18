/** Status and fields of a response, forwarded. */

import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { headerValues, sendRaw } from '../../support/raw-http.ts';
import { call, gateway, token, upstream, useForwardingFixture } from './fixture.ts';

useForwardingFixture();

describe('the answer', () => {
  test('Set-Cookie: kept apart and in order', async () => {
    const cookies = ['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'a=1; Path=/'];
    upstream.handle = (_req, res) => res.writeHead(200, { 'set-cookie': cookies }).end();
    expect(headerValues((await call({ path: '/api/a' })).headers, 'set-cookie')).toEqual(cookies);
  });

  test('hop-by-hop fields of the upstream, and what its Connection lists: not forwarded', async () => {
    answerRaw(
      'HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: secret\r\nKeep-Alive: timeout=77\r\nProxy-Authenticate: Basic\r\n' +
        'Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTrailer: X-Later\r\nTE: gzip\r\nX-End: kept\r\nContent-Length: 2\r\n\r\nok',
    );
    const { headers, body } = await call({ path: '/api/a', headers: [['Connection', 'close']] });
    for (const name of ['x-hop', 'proxy-authenticate', 'proxy-connection', 'upgrade', 'trailer', 'te']) {
      expect(headerValues(headers, name), name).toEqual([]);
    }
    expect(headerValues(headers, 'keep-alive').join()).not.toContain('77');
    expect(headerValues(headers, 'x-end')).toEqual(['kept']);
    expect(body.toString()).toBe('ok');
  });

  test('Connection of the upstream lists Content-Length: the response stays framed', async () => {
    answerRaw('HTTP/1.1 200 OK\r\nConnection: close, Content-Length\r\nContent-Length: 2\r\n\r\nok');
    const answer = await call({ path: '/api/a' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.body.toString()).toBe('ok');
  });

  test('a reason phrase of the upstream: kept', async () => {
    upstream.handle = (_req, res) => res.writeHead(299, 'Quite All Right').end();
    expect(await call({ path: '/api/a' })).toMatchObject({ status: 299, reason: 'Quite All Right' });
  });

  test('a 401 of the upstream: forwarded with its challenge', async () => {
    const challenge = 'Bearer realm="inner", error="invalid_token"';
    upstream.handle = (_req, res) => res.writeHead(401, { 'www-authenticate': challenge }).end('inner');
    const answer = await call({ path: '/api/a' });
    expect(answer.status).toBe(401);
    expect(headerValues(answer.headers, 'www-authenticate')).toEqual([challenge]);
    expect(answer.body.toString()).toBe('inner');
    const line = gateway.log.findLast(({ msg }) => msg === 'request');
    expect(line).toMatchObject({ status: 401, outcome: 'forwarded' });
  });

  test('obs-text: forwarded byte by byte', async () => {
    answerRaw('HTTP/1.1 200 OK\r\nX-Bytes: caf\xe9 \xff\x80\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    const answer = await call({ path: '/api/a' });
    expect(headerValues(answer.headers, 'x-bytes')).toEqual(['caf\xe9 \xff\x80']);
  });

  const RAW = 'X-Bytes: caf\xe9 \xff\x80\r\nContent-Disposition: attachment; filename="\xc3\xbc.txt"\r\n';
  const pieces: readonly [string, readonly string[], number][] = [
    ['a body with the head', ['ok'], 0],
    ['a body behind the head', ['', 'ok'], 50],
    ['40 KB', ['x'.repeat(40_000)], 0],
    ['40 KB behind the head', ['', 'x'.repeat(40_000)], 50],
    ['two pieces', ['a', 'b'.repeat(40_000)], 50],
  ];
  test.each(pieces)(
    'fields and reason phrase with bytes from 0x80 on, %s: the same bytes',
    async (_name, body, pause) => {
      const length = body.join('').length;
      upstream.handle = async req => {
        const [first = '', ...later] = body;
        const head = `HTTP/1.1 200 \xdcberall\r\n${RAW}Content-Length: ${length}\r\nConnection: close\r\n\r\n`;
        req.socket.write(head + first, 'latin1');
        for (const piece of later) {
          await delay(pause);
          req.socket.write(piece);
        }
      };
      const bytes = `GET /api/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`;
      const received = (await sendRaw(gateway.port, bytes)).toString('latin1');
      expect(received.split('\r\n')[0]).toBe('HTTP/1.1 200 \xdcberall');
      expect(received).toContain(RAW);
      expect(received.split('\r\n\r\n')[1]).toBe(body.join(''));
    },
  );

  test.each([
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103 Early Hints, twice', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(2)],
    ['an unregistered 199', 'HTTP/1.1 199 Whatever\r\nX-A: b\r\n\r\n'],
  ])('%s before the final response: the final response arrives', async (_name, interim) => {
    answerRaw(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`);
    const answer = await call({ path: '/api/a' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.body.toString()).toBe('ok');
  });

  test('an HTTP/1.0 client: the final response only (RFC 9110 section 15.2)', async () => {
    answerRaw('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const received = await sendRaw(
      gateway.port,
      `GET /api/a HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    expect(received.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('100 Continue without an expectation: dropped (RFC 9110 section 15.2), the final response arrives', async () => {
    answerRaw('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    expect(await call({ path: '/api/a' })).toMatchObject({ status: 200, complete: true });
  });

  test('a response that ends with the connection: arrives whole', async () => {
    answerRaw('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end');
    const answer = await call({ path: '/api/a' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.body.toString()).toBe('until the end');
  });
});

/** Answers with these bytes, whatever they are, then ends the connection. */
function answerRaw(bytes: string): void {
  upstream.handle = (req: IncomingMessage) => req.socket.end(bytes, 'latin1');
}
