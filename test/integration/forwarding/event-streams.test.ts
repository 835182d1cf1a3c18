/** Event streams (Server-Sent Events): no buffering, no stream without its client, no cut stream that looks complete. */

import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, readFailures, startGateway } from '../../support/gateway.ts';
import { destroyConnections, openConnected, type RawConnection } from '../../support/raw-connection.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually, withTimeout } from '../../support/waiting.ts';

const RESOURCE = 'https://events.example.com/';
const SERIES = 'audgate_upstream_failures_total{route="/events",reason="bad_upstream_response",cause="reset"}';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;
/** The upstream's side of the latest stream; its head is not sent yet. */
let stream: Promise<ServerResponse>;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /events: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
  /brief: { resource: "${RESOURCE}", upstream: "${upstream.origin}", timeouts: { idle: 300ms } }
`);
  token = await issuer.sign({ claims: { aud: RESOURCE } });
});

beforeEach(() => {
  stream = new Promise(resolve => {
    upstream.handle = (_req, res) => resolve(res);
  });
});

afterEach(() => {
  destroyConnections();
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

describe('an open event stream', () => {
  test('the head: forwarded before there is any event', async () => {
    const answering = subscribe();
    openStream(await stream);
    const answer = await withTimeout(2000, answering, 'the head did not arrive');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    (await stream).end();
    expect(await answer.text()).toBe('');
  });

  test('each event: forwarded before the next is sent', async () => {
    const answering = subscribe();
    const res = openStream(await stream);
    const events = readEvents(await answering);
    for (let count = 0; count < 50; count += 1) {
      const event = `id: ${count}\ndata: tick\n\n`;
      res.write(event);
      // The next is not sent before this one has come, so nothing may wait for more.
      expect(await withTimeout(2000, events.next(), `event ${count} did not arrive`)).toEqual({
        done: false,
        value: event,
      });
    }
    res.end();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test('a first event in one piece with the head: forwarded at once', async () => {
    const answering = subscribe();
    const res = await stream;
    res.cork();
    openStream(res).write('data: first\n\n');
    res.uncork();
    const events = readEvents(await withTimeout(2000, answering, 'the head did not arrive'));
    expect((await events.next()).value).toBe('data: first\n\n');
    res.end();
  });

  test('a compressed stream: forwarded piece by piece, unchanged', async () => {
    const answering = subscribe({ 'accept-encoding': 'identity' });
    const res = await stream;
    const piece = gzipSync('data: first\n\n');
    res.writeHead(200, { 'content-type': 'text/event-stream', 'x-encoding': 'gzip' });
    res.write(piece);
    const reader = (await answering).body?.getReader();
    const { value } = await withTimeout(2000, reader?.read() ?? Promise.reject(new Error('no body')), 'no piece');
    expect(Buffer.from(value ?? []).equals(piece)).toBe(true);
    res.end();
  });

  test('a hundred streams: each event reaches its own client', async () => {
    const responses = new Map<string, ServerResponse>();
    const changes = new EventEmitter();
    upstream.handle = (req, res) => {
      responses.set(req.url ?? '', openStream(res));
      changes.emit('change');
    };
    const clients = await Promise.all(Array.from({ length: 100 }, (_, index) => subscribe({}, `/events/${index}`)));
    for (const [path, res] of responses) res.end(`data: ${path}\n\n`);
    const texts = await Promise.all(clients.map(client => client.text()));
    expect(texts).toEqual(clients.map((_, index) => `data: /events/${index}\n\n`));
  });
});

describe('the end of an event stream', () => {
  test("the client disconnects: the upstream's response ends", async () => {
    const failures = await gateway.sample(SERIES);
    const leave = new AbortController();
    const answering = subscribe({}, '/events/leaver', leave.signal);
    const res = openStream(await stream);
    const closed = once(res, 'close');
    const events = readEvents(await answering);
    res.write('data: first\n\n');
    await events.next();
    leave.abort();
    await withTimeout(2000, closed, "the upstream's response did not end");
    expect(res.writableFinished).toBe(false);
    const lineOf = () => gateway.log.find(({ path }) => path === '/events/leaver');
    await eventually(() => lineOf() !== undefined);
    expect(lineOf()).toMatchObject({ status: 200, outcome: 'forwarded', route: '/events' });
    expect(await gateway.sample(SERIES)).toBe(failures);
  });

  test("the client disconnects before any event: the upstream's response ends", async () => {
    const leave = new AbortController();
    const answering = subscribe({}, '/events', leave.signal);
    const res = openStream(await stream);
    const closed = once(res, 'close');
    await answering;
    leave.abort();
    await withTimeout(2000, closed, "the upstream's response did not end");
  });

  test("the client disconnects before the head: the upstream's request ends", async () => {
    const leave = new AbortController();
    const answering = subscribe({}, '/events', leave.signal).catch(() => undefined);
    const closed = once(await stream, 'close');
    leave.abort();
    await answering;
    await withTimeout(2000, closed, "the upstream's request did not end");
  });

  test("the client disconnects while it reads too slowly: the upstream's response ends", async () => {
    const wire = await openStreamConnection('1.1');
    const res = openStream(await stream);
    const closed = once(res, 'close');
    await wire.until('text/event-stream');
    wire.socket.pause();
    while (res.write(Buffer.alloc(64 * 1024, 'x'))) await new Promise(resolve => setImmediate(resolve));
    wire.socket.destroy();
    await withTimeout(2000, closed, "the upstream's response did not end");
  });

  test.each([
    ['closes', (res: ServerResponse) => res.socket?.destroy()],
    ['resets', (res: ServerResponse) => res.socket?.resetAndDestroy()],
  ])("an upstream that %s in mid-stream: the client's body is aborted, counted", async (_name, die) => {
    const before = await gateway.sample(SERIES);
    const answering = subscribe();
    const res = openStream(await stream);
    const events = readEvents(await answering);
    res.write('data: first\n\n');
    expect((await events.next()).value).toBe('data: first\n\n');
    die(res);
    await expect(withTimeout(2000, events.next(), 'no end')).rejects.toThrow('terminated');
    expect(await gateway.sample(SERIES)).toBe(before + 1);
  });

  test("an upstream that ends between head and first event: the client's body is aborted", async () => {
    const answering = subscribe();
    const res = openStream(await stream);
    const answer = await answering;
    res.socket?.destroy();
    await expect(withTimeout(2000, answer.text(), 'no end')).rejects.toThrow('terminated');
  });

  test.each(['1.0', '1.1'] as const)(
    'an upstream that ends in mid-stream: an HTTP/%s client sees no clean end',
    async version => {
      const wire = await openStreamConnection(version);
      const res = openStream(await stream);
      res.write('data: first\n\n');
      await wire.until('data: first');
      const failed = once(wire.socket, 'error');
      res.socket?.destroy();
      const [error] = await withTimeout(2000, failed, 'no reset');
      expect(error.code).toBe('ECONNRESET');
      expect(wire.text()).not.toContain('\r\n0\r\n');
    },
  );

  test('a stream that ends in order: a clean end for an HTTP/1.0 client', async () => {
    const wire = await openStreamConnection('1.0');
    const res = openStream(await stream);
    res.write('data: first\n\n');
    await wire.until('data: first');
    const ended = once(wire.socket, 'end');
    res.end('data: last\n\n');
    await withTimeout(2000, ended, 'no end');
    expect(wire.text()).toMatch(/\r\n\r\ndata: first\n\ndata: last\n\n$/);
  });

  test('a stream that is silent for longer than timeouts.idle: aborted, no clean end', async () => {
    const answering = subscribe({}, '/brief');
    const res = openStream(await stream);
    const closed = once(res, 'close');
    const events = readEvents(await answering);
    res.write('data: first\n\n');
    await events.next();
    await expect(withTimeout(4000, events.next(), 'no end')).rejects.toThrow('terminated');
    await withTimeout(2000, closed, "the upstream's response did not end");
    expect(readFailures(await gateway.scrape(), '/brief')).toEqual({ 'upstream_timeout/idle_timeout': 1 });
  });
});

function openStream(res: ServerResponse): ServerResponse {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  res.flushHeaders();
  return res;
}

function subscribe(headers: Record<string, string> = {}, path = '/events', signal?: AbortSignal): Promise<Response> {
  const init = { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...headers } };
  return fetch(`${gateway.origin}${path}`, signal ? { ...init, signal } : init);
}

/** One event at a time, however the pieces were cut. */
async function* readEvents(answer: Response): AsyncGenerator<string, undefined> {
  let text = '';
  for await (const piece of answer.body ?? []) {
    text += Buffer.from(piece).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield text.slice(0, end + 2);
      text = text.slice(end + 2);
    }
  }
  return undefined;
}

/** Requests the stream on a TCP connection. */
function openStreamConnection(version: '1.0' | '1.1'): Promise<RawConnection> {
  const head = `GET /events HTTP/${version}\r\nHost: gateway.example\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  return openConnected(gateway.port, head);
}
