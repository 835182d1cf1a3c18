/** Requests over TLS: what the upstream is told, WebSockets, large bodies, and how connections end. */

import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { hasOpenssl } from '../../support/certificates.ts';
import { parseResponses } from '../../support/raw-http.ts';
import { connectSecurely } from '../../support/tls-client.ts';
import { eventually } from '../../support/waiting.ts';
import { authority, startTlsGateway, store, upstream, useTlsFixture } from './fixture.ts';

if (hasOpenssl) useTlsFixture();

const start = (more = '') => startTlsGateway(store('requests', authority.issue('DNS:api.example')), more);

/** @returns the fields of the latest request whose names are in `names`, in lower case. */
function lastFields(...names: readonly string[]): Readonly<Record<string, string>> {
  const pairs = upstream.received.at(-1)?.rawHeaders ?? [];
  const found = pairs.map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(found.filter(([name]) => names.includes(name)));
}

const SCHEME_FIELDS = ['x-forwarded-proto', 'forwarded', 'x-forwarded-for'] as const;

describe.skipIf(!hasOpenssl)('the scheme', () => {
  test('a request: https, also where the client says otherwise', async () => {
    const gateway = await start();
    const client = await connectSecurely(gateway.port);
    client.send('GET / HTTP/1.1\r\nHost: api.example\r\nX-Forwarded-Proto: http\r\nForwarded: proto=http\r\n\r\n');
    await client.until('HTTP/1.1 200');
    expect(lastFields(...SCHEME_FIELDS)).toEqual({
      'x-forwarded-proto': 'https',
      forwarded: 'for=127.0.0.1;host="api.example";proto=https',
      'x-forwarded-for': '127.0.0.1',
    });
    client.socket.destroy();
  });

  test('a trusted proxy: its own word, else https', async () => {
    const gateway = await start('trusted_proxies: [127.0.0.1]\n');
    const client = await connectSecurely(gateway.port);
    client.send('GET /1 HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: http\r\n\r\n');
    await client.until('"url":"/1"');
    expect(lastFields('x-forwarded-proto')).toEqual({ 'x-forwarded-proto': 'http' });
    client.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('"url":"/2"');
    expect(lastFields('x-forwarded-proto')).toEqual({ 'x-forwarded-proto': 'https' });
    client.socket.destroy();
  });
});

describe.skipIf(!hasOpenssl)('a WebSocket', () => {
  test('messages both ways, the scheme, the open connections', async () => {
    const gateway = await start();
    const client = new WebSocket(`wss://127.0.0.1:${gateway.port}/live`, { rejectUnauthorized: false });
    await once(client, 'open');
    expect(lastFields('x-forwarded-proto')).toEqual({ 'x-forwarded-proto': 'https' });
    expect(await gateway.sample('audgate_open_connections{kind="upgraded"}')).toBe(1);
    expect(await gateway.sample('audgate_open_connections{kind="http"}')).toBe(0);
    for (const message of [Buffer.from('hello'), Buffer.alloc(1024 * 1024, 'binary')]) {
      const echoed = once(client, 'message');
      client.send(message);
      expect(message.equals((await echoed)[0])).toBe(true);
    }
    client.close();
    await once(client, 'close');
    await eventually(async () => (await gateway.sample('audgate_open_connections{kind="upgraded"}')) === 0);
    await eventually(async () => (await gateway.sample('audgate_open_connections{kind="http"}')) === 0);
  });

  test('the gateway drains: a close frame of 1001', async () => {
    const gateway = await start();
    const client = new WebSocket(`wss://127.0.0.1:${gateway.port}/live`, { rejectUnauthorized: false });
    await once(client, 'open');
    const closed = once(client, 'close');
    await gateway.close();
    expect((await closed)[0]).toBe(1001);
  });
});

describe.skipIf(!hasOpenssl)('connections', () => {
  test('kept alive, pipelined: answered in order', async () => {
    const gateway = await start();
    const client = await connectSecurely(gateway.port);
    client.send(Array.from({ length: 20 }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    await client.until('"url":"/19"');
    const urls = [...client.text().matchAll(/"url":"\/(\d+)"/g)].map(([, index]) => Number(index));
    expect(urls).toEqual(Array.from({ length: 20 }, (_, index) => index));
    client.socket.destroy();
  });

  test('20 MB up, 20 MB down: whole', async () => {
    const gateway = await start();
    const body = Buffer.alloc(20_000_000, 'audgate');
    upstream.handle = (req, res) => void req.pipe(res);
    const client = await connectSecurely(gateway.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    client.socket.write(body);
    await client.closed;
    const [response] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(response).toMatchObject({ status: 200, complete: true });
    expect(response?.body.equals(body)).toBe(true);
  });

  test('Connection: close: ended in order, with a close_notify', async () => {
    const gateway = await start();
    const client = await connectSecurely(gateway.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await client.closed;
    expect(client.isEnded()).toBe(true);
    expect(parseResponses(Buffer.from(client.text(), 'latin1'))).toMatchObject([{ status: 200, complete: true }]);
  });

  test('a client that ends its side behind its request: the request is given up, the connection closed', async () => {
    const gateway = await start();
    upstream.handle = () => undefined;
    const client = await connectSecurely(gateway.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => upstream.received.length > 0);
    client.socket.end();
    await client.closed;
    const [line] = await gateway.requestLines(1);
    expect(line).toMatchObject({ status: 499 });
  });

  test('an upstream that ends in the middle of a response: the response looks cut', async () => {
    const gateway = await start();
    upstream.handle = (_req, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('only this');
      setImmediate(() => res.destroy());
    };
    const client = await connectSecurely(gateway.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.closed;
    expect(parseResponses(Buffer.from(client.text(), 'latin1'))[0]?.complete ?? false).toBe(false);
  });

  test('a client that does not read: ended after timeouts.body', async () => {
    const gateway = await start('timeouts: { body: 500ms }\n');
    upstream.handle = (_req, res) => void res.end(Buffer.alloc(50_000_000));
    const client = await connectSecurely(gateway.port);
    client.socket.pause();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(async () => (await gateway.sample('audgate_connections_ended_total{cause="slow_reader"}')) === 1);
    client.socket.destroy();
  });

  test('under way when the gateway drains: the response arrives, with Connection: close', async () => {
    const gateway = await start();
    let answer: () => void = () => undefined;
    const arrived = new Promise<void>(resolve => {
      upstream.handle = (_req, res) => {
        answer = () => void res.end('finished');
        resolve();
      };
    });
    const client = await connectSecurely(gateway.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    const closed = gateway.close();
    answer();
    await client.until('finished');
    expect(client.text()).toContain('Connection: close');
    await closed;
  });
});
