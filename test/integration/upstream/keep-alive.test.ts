/** `keep_alive`, stale connections and unsolicited bytes. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { request } from '../../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../../support/raw-upstream.ts';
import { eventually } from '../../support/waiting.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const NOTICE = 'an upstream sent bytes that no request asked for';

let upstream: RawUpstream;
let other: RawUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [upstream, other] = await Promise.all([startRawUpstream(), startRawUpstream()]);
  const map = (more: string) => `{ public: true, upstream: { url: "${upstream.origin}", ${more} } }`;
  gateway = await startGateway(`routes:
  /usual: { public: true, upstream: "${upstream.origin}" }
  /same: ${map('preserve_host: true')}
  /none: ${map('keep_alive: false')}
  /idle: ${map('keep_alive: { idle: 300ms }')}
  /aged: ${map('keep_alive: { max_age: 300ms }')}
  /other: { public: true, upstream: "${other.origin}" }
`);
});

afterEach(() => {
  upstream.reset();
  upstream.respond = socket => socket.write(OK);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), other.close()]);
});

/** @returns how many connections `count` requests, one after the other, have used. */
async function countConnections(path: string, count = 4, method = 'GET'): Promise<number> {
  const before = upstream.used.size;
  for (let index = 0; index < count; index += 1) {
    expect((await request(gateway.port, { method, path })).status).toBe(200);
  }
  return upstream.used.size - before;
}

describe('connections', () => {
  beforeAll(() => {
    upstream.respond = socket => socket.write(OK);
  });

  test('by default: one for requests one after the other, with Connection: keep-alive', async () => {
    expect(await countConnections('/usual')).toBe(1);
    expect(upstream.text()).toMatch(/\r\nConnection: keep-alive\r\n/);
  });

  test('keep_alive: false: one for each request, with Connection: close, closed behind it', async () => {
    expect(await countConnections('/none')).toBe(4);
    expect(upstream.text()).toMatch(/\r\nConnection: close\r\n/);
    await upstream.allClosed();
  });

  test('routes with the same settings share them, also where only preserve_host differs; others do not', async () => {
    expect((await countConnections('/usual', 2)) + (await countConnections('/same', 2))).toBe(1);
    expect(await countConnections('/idle', 1)).toBe(1);
    expect(await countConnections('/aged', 1)).toBe(1);
  });

  test('idle longer than keep_alive.idle: closed', async () => {
    expect(await countConnections('/idle', 3)).toBe(1);
    await upstream.allClosed();
    expect(await countConnections('/idle', 1)).toBe(1);
  });

  test('older than keep_alive.max_age: replaced, also where it is never idle for long', async () => {
    const startedAt = performance.now();
    let requests = 0;
    const before = upstream.used.size;
    while (performance.now() - startedAt < 1_000) {
      expect((await request(gateway.port, { path: '/aged' })).status).toBe(200);
      requests += 1;
    }
    const used = upstream.used.size - before;
    expect(used).toBeGreaterThanOrEqual(3);
    expect(used).toBeLessThan(requests);
  });
});

describe('preserve_host', () => {
  test.each([
    ['/usual', 'shop.example:81', () => `127.0.0.1:${upstream.port}`],
    ['/same', 'shop.example:81', () => 'shop.example:81'],
    ['/same', 'SHOP.example', () => 'SHOP.example'],
  ])('%s, Host: %s: the upstream gets the right one, once', async (path, host, expected) => {
    upstream.respond = socket => socket.write(OK);
    await request(gateway.port, { path, headers: [['Host', host]] });
    expect(upstream.text().match(/^host: .*$/gim)).toEqual([`Host: ${expected()}`]);
  });
});

describe('an upstream that closes right behind its answer', () => {
  test('POST one after the other: each answered, none sent twice', async () => {
    let answered = 0;
    upstream.respond = socket => {
      answered += 1;
      socket.end(OK);
    };
    for (let count = 0; count < 200; count += 1) {
      const response = await request(gateway.port, { method: 'POST', path: '/usual', body: 'x' });
      expect(response.status).toBe(200);
    }
    expect(answered).toBe(200);
  });
});

describe('unsolicited bytes', () => {
  const notices = () => gateway.log.filter(({ msg }) => msg === NOTICE);
  /** Closes the connection of `socket` by what it sends unasked. */
  async function interfere(socket: Socket, bytes: string): Promise<void> {
    const closed = once(socket, 'close');
    socket.write(bytes);
    await closed;
  }

  test('on an idle connection: closed, not taken for the next response, and logged once for each upstream', async () => {
    const before = notices().length;
    for (const [path, { origin }, up] of [
      ['/usual', upstream, upstream],
      ['/other', other, other],
    ] as const) {
      for (let count = 0; count < 3; count += 1) {
        up.respond = socket => socket.write(OK);
        expect((await request(gateway.port, { path })).status).toBe(200);
        for (const socket of [...up.sockets]) await interfere(socket, 'HTTP/1.1 500 Evil\r\nContent-Length: 0\r\n\r\n');
        const { status, body } = await request(gateway.port, { path });
        expect([status, String(body)]).toEqual([200, 'ok']);
        up.disconnect();
        await up.allClosed();
      }
      await eventually(() => notices().some(({ upstream: name }) => name === new URL(origin).host));
    }
    const seen = notices().slice(before);
    expect(seen.filter(({ upstream: name }) => name === new URL(other.origin).host)).toMatchObject([
      { level: 'warn', connections: 1 },
    ]);
    expect(JSON.stringify(seen)).not.toContain('Evil');
  });

  test('behind a response: the response is passed on, the connection closed', async () => {
    upstream.respond = socket => socket.write(`${OK}HTTP/1.1 500 Evil\r\nContent-Length: 0\r\n\r\n`);
    const { status, body } = await request(gateway.port, { path: '/usual' });
    expect([status, String(body)]).toEqual([200, 'ok']);
    await upstream.allClosed();
    upstream.respond = socket => socket.write(OK);
    expect((await request(gateway.port, { path: '/usual' })).status).toBe(200);
  });
});
