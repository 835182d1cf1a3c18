/**
 * Several endpoints of one upstream: in turn; one that cannot be connected to is left out; which requests go to another one; and
 * what the log says. Unix sockets among them.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, readFailures, startGateway } from '../../support/gateway.ts';
import { Instance } from '../../support/instance.ts';
import { type HeaderPair, request, sendRaw } from '../../support/raw-http.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { HANDSHAKE_FIELDS } from '../../support/switching.ts';
import { eventually } from '../../support/waiting.ts';

const folder = mkdtempSync(join(tmpdir(), 'audgate-several-'));
let one: Instance;
let two: Instance;
let unix: Instance;
let gateway: RunningGateway;

const events = () => gateway.log.filter(({ msg }) => String(msg).startsWith('an upstream can'));

beforeAll(async () => {
  one = new Instance('one', await reservePort());
  two = new Instance('two', await reservePort());
  unix = new Instance('unix', join(folder, 'x.sock'));
});

/** A gateway for each test: what it knows of the endpoints is new. */
beforeEach(async () => {
  const both = `${one.url}, ${two.url}`;
  gateway = await startGateway(`routes:
  /: { public: true, upstream: [${both}] }
  /same: { public: true, upstream: { urls: [${both}] } }
  /single: { public: true, upstream: "${one.url}" }
  /base: { public: true, strip_prefix: true, upstream: ["${one.url}/a", "${two.url}/b/c"] }
  /unix: { public: true, upstream: "${unix.url}" }
  /kept: { public: true, upstream: { url: "${unix.url}", preserve_host: true } }
  /mixed: { public: true, upstream: ["${unix.url}", ${two.url}] }
`);
  await Promise.all([one.start(), two.start(), unix.start()]);
});

afterEach(async () => {
  await gateway.close();
  await Promise.all([one.stop(), two.stop(), unix.stop()]);
  for (const instance of [one, two, unix]) instance.seen.length = 0;
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly HeaderPair[];
  readonly body?: string | Buffer;
}

/** @returns the status and the name of who answered, or the reason. */
async function ask({ path = '/', ...more }: Sent = {}): Promise<string> {
  const { status, body } = await request(gateway.port, { path, ...more });
  const text = String(body);
  return `${status} ${text.startsWith('{') ? JSON.parse(text).reason : text}`;
}

/** @returns what /status.json says of the endpoints. */
async function readUpstreams(): Promise<unknown> {
  const page = await fetch(`http://127.0.0.1:${gateway.adminPort}/status.json`);
  return ((await page.json()) as { readonly upstreams: unknown }).upstreams;
}

async function askTimes(count: number, sent: Sent = {}): Promise<string[]> {
  const answers: string[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await ask(sent));
  return answers;
}

describe('in turn', () => {
  test('each endpoint by turns, over kept connections, too', async () => {
    expect(await askTimes(4)).toEqual(['200 one', '200 two', '200 one', '200 two']);
    expect(await gateway.requestLines(4)).toMatchObject(
      [one, two, one, two].map(instance => ({ upstream: instance.label })),
    );
  });

  test('routes with the same endpoints: one turn for both', async () => {
    expect([await ask(), await ask({ path: '/same' }), await ask()]).toEqual(['200 one', '200 two', '200 one']);
  });

  test('base paths: each with its own', async () => {
    await askTimes(2, { path: '/base/x?q' });
    expect([one.seen[0], two.seen[0]]).toEqual([
      `GET /a/x?q 127.0.0.1:${one.place}`,
      `GET /b/c/x?q 127.0.0.1:${two.place}`,
    ]);
  });
});

const bodies: readonly (readonly [string, Sent])[] = [
  ['GET', {}],
  ['POST without a body', { method: 'POST', headers: [['Content-Length', '0']] }],
  ['POST with a small body', { method: 'POST', body: 'x=1' }],
  ['POST with a large body', { method: 'POST', body: Buffer.alloc(5_000_000, 'a') }],
  [
    'POST with chunks',
    { method: 'POST', headers: [['Transfer-Encoding', 'chunked']], body: '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n' },
  ],
];

describe('one that cannot be connected to', () => {
  test.each(bodies)('%s: goes to the other one, whole', async (_, sent) => {
    const lengths: number[] = [];
    two.answer = (req, res) => {
      let length = 0;
      req.on('data', piece => {
        length += piece.length;
      });
      req.on('end', () => {
        lengths.push(length);
        res.end('two');
      });
    };
    await one.stop();
    expect(await askTimes(3, sent)).toEqual(['200 two', '200 two', '200 two']);
    const isChunked = sent.headers?.some(([name]) => name === 'Transfer-Encoding');
    expect(new Set(lengths)).toEqual(new Set([isChunked ? 5 : (sent.body?.length ?? 0)]));
    expect(await gateway.requestLines(3)).toMatchObject(Array(3).fill({ upstream: two.label, outcome: 'forwarded' }));
  });

  test('with kept connections that the restart has closed: a POST goes to the other one', async () => {
    await askTimes(4);
    await one.stop();
    expect(await askTimes(4, { method: 'POST', body: 'x' })).toEqual(Array(4).fill('200 two'));
  });

  test('a body that the client sends slowly: goes to the other one, whole', async () => {
    await one.stop();
    let text = '';
    two.answer = (req, res) => {
      req.on('data', piece => {
        text += piece;
      });
      req.on('end', () => res.end('two'));
    };
    const head = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\n`;
    const client = connect(gateway.port, '127.0.0.1');
    client.write(`${head}abc`);
    await eventually(() => text === 'abc');
    const answer = new Promise<string>(resolve => {
      let received = '';
      client.on('data', piece => {
        received += piece;
      });
      client.on('close', () => resolve(received));
    });
    client.write('def');
    expect(await answer).toMatch(/^HTTP\/1\.1 200 .*two$/s);
    expect(text).toBe('abcdef');
  });

  test('is left out, tried by one request after a second, and taken in again', async () => {
    await one.stop();
    const began = performance.now();
    await askTimes(20);
    expect(events()).toMatchObject([
      {
        level: 'warn',
        upstream: one.label,
        cause: 'refused',
        msg: 'an upstream cannot be connected to and is left out',
      },
    ]);
    const available = () => gateway.sample(`audgate_upstream_available{upstream="${one.label}"}`);
    expect(await available()).toBe(0);
    expect(await readUpstreams()).toEqual([
      { upstream: one.label, available: false, cause: 'refused', left_out_seconds: expect.any(Number) },
      { upstream: two.label, available: true, left_out_seconds: 0 },
      { upstream: unix.place, available: true, left_out_seconds: 0 },
    ]);
    await one.start();
    await eventually(async () => (await ask()) === '200 one');
    expect(await available()).toBe(1);
    expect(performance.now() - began).toBeGreaterThan(900);
    expect(events()[1]).toMatchObject({
      level: 'info',
      upstream: one.label,
      msg: 'an upstream can be connected to again',
    });
    expect(new Set(await askTimes(4))).toEqual(new Set(['200 one', '200 two']));
  }, 20_000);

  test('a WebSocket: its handshake goes to the other one', async () => {
    await one.stop();
    const handshake = `GET / HTTP/1.1\r\nHost: a\r\n${HANDSHAKE_FIELDS}\r\n`;
    for (let count = 0; count < 3; count += 1) {
      expect(String(await sendRaw(gateway.port, handshake))).toMatch(/^HTTP\/1\.1 101 /);
    }
    expect(await gateway.requestLines(3)).toMatchObject(Array(3).fill({ status: 101, upstream: two.label }));
  });
});

describe('none that can be connected to', () => {
  beforeEach(() => Promise.all([one.stop(), two.stop()]));

  test('the first request: has tried them all; the next: 502 at once, unhealthy', async () => {
    expect(await askTimes(3)).toEqual(Array(3).fill('502 upstream_unreachable'));
    const lines = await gateway.requestLines(3);
    expect(lines.map(({ cause }) => cause)).toEqual(['refused', 'unhealthy', 'unhealthy']);
    expect(lines[0]).toMatchObject({ upstream: two.label });
    expect(lines[1]).not.toHaveProperty('upstream');
    expect(readFailures(await gateway.scrape(), '/')).toEqual({
      'upstream_unreachable/refused': 1,
      'upstream_unreachable/unhealthy': 2,
    });
  });

  test('a POST, and a WebSocket: unhealthy likewise', async () => {
    await ask();
    expect(await ask({ method: 'POST', body: 'x' })).toBe('502 upstream_unreachable');
    const handshake = `GET / HTTP/1.1\r\nHost: a\r\n${HANDSHAKE_FIELDS}\r\n`;
    expect(String(await sendRaw(gateway.port, handshake))).toMatch(/^HTTP\/1\.1 502 /);
    const lines = await gateway.requestLines(3);
    expect(lines.slice(1)).toMatchObject([{ cause: 'unhealthy' }, { cause: 'unhealthy' }]);
  });

  test('a single one: never left out', async () => {
    expect(await askTimes(3, { path: '/single' })).toEqual(Array(3).fill('502 upstream_unreachable'));
    const lines = await gateway.requestLines(3);
    expect(lines.map(({ cause }) => cause)).toEqual(['refused', 'refused', 'refused']);
    await one.start();
    expect(await ask({ path: '/single' })).toBe('200 one');
  });
});

describe('restarts, one after the other', () => {
  test.each(bodies)(
    '%s: goes to the one that is back within its pause, once the other cannot be connected to',
    async (_, sent) => {
      await one.stop();
      expect(await ask()).toBe('200 two');
      await Promise.all([one.start(), two.stop()]);
      expect(await ask(sent)).toBe('200 one');
      expect(events().map(({ upstream, msg }) => [upstream, msg])).toEqual([
        [one.label, 'an upstream cannot be connected to and is left out'],
        [two.label, 'an upstream cannot be connected to and is left out'],
        [one.label, 'an upstream can be connected to again'],
      ]);
    },
  );

  test('a GET on a connection that has just been closed, while the other one is down: a new connection', async () => {
    await askTimes(2);
    await two.stop();
    let count = 0;
    one.answer = (req, res) => {
      count += 1;
      if (count === 1) req.socket.destroy();
      else res.end('one again');
    };
    expect(await ask()).toBe('200 one again');
  });

  test('a GET that was sent to one, and then no connection to the other: it is said that it was sent', async () => {
    one.answer = req => req.socket.resetAndDestroy();
    await two.stop();
    expect(await ask()).toBe('502 bad_upstream_response');
    expect(await gateway.requestLines(1)).toMatchObject([{ cause: 'reset', upstream: one.label }]);
  });
});

describe('a connection that is reset before the response', () => {
  const reset: RequestListener = req => req.socket.resetAndDestroy();

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])(
    '%s without a body: once more, to the other one',
    async method => {
      one.answer = reset;
      const { status } = await request(gateway.port, { method, path: '/' });
      expect([status, one.seen.length, two.seen.length]).toEqual([200, 1, 1]);
    },
  );

  test.each<[string, Sent]>([
    ['POST', { method: 'POST', headers: [['Content-Length', '0']] }],
    ['POST with a body', { method: 'POST', body: 'x' }],
    ['PUT with a body', { method: 'PUT', body: 'x' }],
    ['PATCH', { method: 'PATCH' }],
  ])('%s: not repeated', async (_, sent) => {
    one.answer = reset;
    expect(await ask(sent)).toBe('502 bad_upstream_response');
    expect([one.seen.length, two.seen.length]).toEqual([1, 0]);
    expect(await gateway.requestLines(1)).toMatchObject([{ cause: 'reset', upstream: one.label }]);
  });

  test('by every endpoint: two of them get it, no more', async () => {
    one.answer = reset;
    two.answer = reset;
    expect(await ask()).toBe('502 bad_upstream_response');
    expect([one.seen.length, two.seen.length]).toEqual([1, 1]);
  });

  test('after the head of the response: not repeated, and the client sees that it is cut', async () => {
    one.answer = (req, res) => {
      res.writeHead(200, { 'Content-Length': '10' }).write('part', () => req.socket.destroy());
    };
    const { complete } = await request(gateway.port, { path: '/' });
    expect([complete, two.seen.length]).toEqual([false, 0]);
  });
});

describe('a unix socket', () => {
  test('gets Host: localhost, or that of the client; its path stands in the log', async () => {
    expect(await ask({ path: '/unix/x' })).toBe('200 unix');
    expect(await ask({ path: '/kept/x', headers: [['Host', 'api.example']] })).toBe('200 unix');
    expect(unix.seen).toEqual(['GET /unix/x localhost', 'GET /kept/x api.example']);
    expect(await gateway.requestLines(2)).toMatchObject(Array(2).fill({ upstream: unix.place }));
  });

  test('a WebSocket: over the socket, too', async () => {
    const handshake = `GET /unix HTTP/1.1\r\nHost: a\r\n${HANDSHAKE_FIELDS}\r\n`;
    expect(String(await sendRaw(gateway.port, handshake))).toMatch(/^HTTP\/1\.1 101 /);
    expect(await gateway.requestLines(1)).toMatchObject([{ status: 101, upstream: unix.place }]);
  });

  test('beside a port, and gone: refused, and the other one serves', async () => {
    await unix.stop();
    expect(await askTimes(3, { path: '/mixed' })).toEqual(Array(3).fill('200 two'));
    expect(events()).toMatchObject([{ upstream: unix.place, cause: 'refused' }]);
    expect(await ask({ path: '/unix' })).toBe('502 upstream_unreachable');
    expect((await gateway.requestLines(4)).at(-1)).toMatchObject({ cause: 'refused', upstream: unix.place });
  });
});
