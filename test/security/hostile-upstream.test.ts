/**
 * An upstream that is broken or controlled by an attacker: the client sees a 502 or 504, or a body that is visibly cut, never a
 * short one that looks whole; surplus bytes reach no client; the connection is not used again.
 *
 * Seen in: http-proxy #1559 and fastify reply-from (the upstream disconnects within a body, the client waits), http-proxy-3
 * (control character in the reason phrase, status below 100), response smuggling by bytes behind a body.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { openConnection } from '../support/raw-connection.ts';
import { headerValues, parseResponses, request } from '../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let upstream: RawUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startRawUpstream();
  gateway = await startGateway(`
routes:
  /x: { public: true, upstream: "${upstream.origin}" }
`);
});

afterEach(async () => {
  // In every case: the next request gets a fresh connection and its own response.
  const used = new Set(upstream.used);
  let isReused: boolean | undefined;
  upstream.respond = socket => {
    isReused = used.has(socket);
    socket.write(OK);
  };
  const next = await request(gateway.port, { path: '/x/next' });
  expect(next).toMatchObject({ status: 200, complete: true });
  expect(next.body.toString()).toBe('ok');
  expect(isReused).toBe(false);
  upstream.disconnect();
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const head = (...lines: readonly string[]) => [...lines, '', ''].join('\r\n');
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';
const fields = (count: number, field: string) => Array.from({ length: count }, () => field);

describe('a head that cannot be forwarded: 502', () => {
  test.each<readonly [string, string]>([
    ['nothing', ''],
    ['half a status line', 'HTTP/1.1 2'],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['no version', head('200 OK')],
    ['HTTP/1', head('HTTP/1 200 OK', 'Content-Length: 0')],
    ['ICY', head('ICY 200 OK', 'Content-Length: 0')],
    ['HTTP/0.9', '<html></html>'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x46'],
    ['a space before the status line', ` ${head('HTTP/1.1 200 OK', 'Content-Length: 0')}`],
    ['no status', head('HTTP/1.1 OK', 'Content-Length: 0')],
    ['status 20', head('HTTP/1.1 20 OK', 'Content-Length: 0')],
    ['status 99', head('HTTP/1.1 99 OK', 'Content-Length: 0')],
    ['status 000', head('HTTP/1.1 000 OK', 'Content-Length: 0')],
    ['status 2000', head('HTTP/1.1 2000 OK', 'Content-Length: 0')],
    ['status -200', head('HTTP/1.1 -200 OK', 'Content-Length: 0')],
    ['status 2x0', head('HTTP/1.1 2x0 OK', 'Content-Length: 0')],
    ['status 101', head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade')],
    ['200 KB in one field', head('HTTP/1.1 200 OK', `X-A: ${'x'.repeat(200_000)}`, 'Content-Length: 0')],
    ['200 KB in fields', head('HTTP/1.1 200 OK', ...fields(2000, `X-A: ${'x'.repeat(100)}`), 'Content-Length: 0')],
    ['a space in a name', head('HTTP/1.1 200 OK', 'X A: b', 'Content-Length: 0')],
    ['a space before the colon', head('HTTP/1.1 200 OK', 'Content-Length : 0')],
    ['no name', head('HTTP/1.1 200 OK', ': b', 'Content-Length: 0')],
    ['no colon', head('HTTP/1.1 200 OK', 'X-A', 'Content-Length: 0')],
    ['a NUL in a value', head('HTTP/1.1 200 OK', 'X-A: a\0b', 'Content-Length: 0')],
    ['a bare CR in a value', head('HTTP/1.1 200 OK', 'X-A: a\rX-B: b', 'Content-Length: 0')],
    ['two lengths', `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 3')}ok`],
    ['two lengths in one field', `${head('HTTP/1.1 200 OK', 'Content-Length: 2, 3')}ok`],
    ['a length in hex', `${head('HTTP/1.1 200 OK', 'Content-Length: 0x2')}ok`],
    ['a negative length', head('HTTP/1.1 200 OK', 'Content-Length: -2')],
    ['a length of 2^64', head('HTTP/1.1 200 OK', 'Content-Length: 18446744073709551616')],
    ['a coding beneath chunked', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked')}${CHUNKS}`],
    ['a coding over chunked', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked, deflate')}${CHUNKS}`],
    ['chunked twice', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked, chunked')}${CHUNKS}`],
    ['chunkedchunked', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunkedchunked')}${CHUNKS}`],
    [
      'chunked and identity',
      `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity')}${CHUNKS}`,
    ],
    ['identity', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: identity')}${CHUNKS}`],
    ['chunked in HTTP/1.0', `${head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')}${CHUNKS}`],
    ['a flood of 103', head('HTTP/1.1 103 Early Hints', 'Link: </a>; rel=preload').repeat(500)],
    ['a flood of 100', head('HTTP/1.1 100 Continue').repeat(500)],
    ['a flood of 102', head('HTTP/1.1 102 Processing').repeat(500)],
  ])('%s', async (_name, bytes) => {
    upstream.respond = socket => socket.end(bytes, 'latin1');
    const response = await request(gateway.port, { path: '/x' });
    expect(response).toMatchObject({ status: 502, complete: true });
    expect(JSON.parse(response.body.toString()).reason).toBe('bad_upstream_response');
  });

  test('an endless series of 1xx: 502, although each arrives in time', async () => {
    upstream.respond = socket => {
      const timer = setInterval(() => socket.write(head('HTTP/1.1 102 Processing')), 5);
      socket.once('close', () => clearInterval(timer));
    };
    expect(await request(gateway.port, { path: '/x' })).toMatchObject({ status: 502, complete: true });
  });
});

const CHUNKED = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');
const CUT: readonly (readonly [string, string])[] = [
  ['no byte of a length', head('HTTP/1.1 200 OK', 'Content-Length: 9')],
  ['less than a length', `${head('HTTP/1.1 200 OK', 'Content-Length: 9')}hello`],
  ['no chunk', CHUNKED],
  ['half a chunk', `${CHUNKED}a\r\nhello`],
  ['a chunk without its end', `${CHUNKED}5\r\nhello`],
  ['no last chunk', `${CHUNKED}5\r\nhello\r\n`],
  ['half a last chunk', `${CHUNKED}5\r\nhello\r\n0\r\n`],
  ['half a trailer', `${CHUNKED}5\r\nhello\r\n0\r\nX-T: `],
];

describe('a body that is cut: visibly incomplete for the client', () => {
  test.each(CUT)('%s, then its end', async (_name, bytes) => {
    upstream.respond = socket => socket.end(bytes);
    expect(await readWhole()).toBe(false);
  });

  test.each(CUT)('%s, then a reset', async (_name, bytes) => {
    upstream.respond = socket => socket.write(bytes, () => socket.resetAndDestroy());
    expect(await readWhole()).toBe(false);
  });

  test.each<readonly [string, string]>([
    ['a chunk size that is none', `${CHUNKED}5\r\nhello\r\nzz\r\nhello\r\n0\r\n\r\n`],
    ['a chunk longer than its size', `${CHUNKED}3\r\nhello\r\n0\r\n\r\n`],
    ['a negative chunk size', `${CHUNKED}5\r\nhello\r\n-1\r\n\r\n`],
    ['a chunk size of 2^64', `${CHUNKED}5\r\nhello\r\n10000000000000000\r\n`],
    ['an extension with LF', `${CHUNKED}5;a\nhello\r\n0\r\n\r\n`],
  ])('%s', async (_name, bytes) => {
    upstream.respond = socket => socket.end(bytes);
    expect(await readWhole()).toBe(false);
  });

  test('a body without framing, then a reset: visibly incomplete', async () => {
    // One after the other: where both are there at once, the system reports an end.
    upstream.respond = socket => socket.write(`${head('HTTP/1.1 200 OK')}hello`);
    expect(await readWhole(() => upstream.disconnect('reset'))).toBe(false);
  });
});

describe('bytes behind a response: reach no client', () => {
  const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON';
  test.each<readonly [string, string, number]>([
    ['bytes behind a length', `${OK}POISON`, 200],
    ['a response behind a length', `${OK}${POISON}`, 200],
    ['a response behind chunks', `${CHUNKED}2\r\nok\r\n0\r\n\r\n${POISON}`, 200],
    ['a response behind a 204', `${head('HTTP/1.1 204 No Content')}${POISON}`, 204],
    ['a body of a 204', `${head('HTTP/1.1 204 No Content', 'Content-Length: 6')}POISON`, 204],
    [
      'a chunked body of a 204',
      `${head('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked')}6\r\nPOISON\r\n0\r\n\r\n`,
      204,
    ],
    ['a response behind a 304', `${head('HTTP/1.1 304 Not Modified')}${POISON}`, 304],
    ['a body of a 304', `${head('HTTP/1.1 304 Not Modified', 'Content-Length: 6')}POISON`, 304],
    ['a response behind a length of 0', `${head('HTTP/1.1 200 OK', 'Content-Length: 0')}${POISON}`, 200],
  ])('%s', async (_name, bytes, status) => {
    upstream.respond = socket => socket.write(bytes);
    const { text } = await read();
    const responses = parseResponses(Buffer.from(text, 'latin1'));
    expect(text).not.toContain('POISON');
    if (responses.length > 0) expect(responses.map(response => response.status)).toEqual([status]);
    await upstream.allClosed();
  });

  test('a response to HEAD with a body', async () => {
    upstream.respond = socket => socket.write(`${head('HTTP/1.1 200 OK', 'Content-Length: 6')}POISON`);
    const { text } = await read('HEAD');
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text).not.toContain('POISON');
    await upstream.allClosed();
  });

  test.each<readonly [string, string]>([
    [
      'CL and TE',
      `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`,
    ],
    [
      'TE and CL',
      `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Content-Length: 2')}5\r\nhello\r\n0\r\n\r\n`,
    ],
    [
      'TE and CL 0',
      `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Content-Length: 0')}5\r\nhello\r\n0\r\n\r\n`,
    ],
  ])('%s: refused, or framed once by the gateway', async (_name, bytes) => {
    upstream.respond = socket => socket.end(bytes);
    const [response] = parseResponses(Buffer.from((await read()).text, 'latin1'));
    const framing = ['content-length', 'transfer-encoding'].flatMap(name =>
      headerValues(response?.headers ?? [], name),
    );
    expect(framing).toHaveLength(1);
    if (response?.status !== 502) expect(response?.body.toString()).toBe('hello');
  });
});

describe('an invalid status line: not forwarded', () => {
  test.each<readonly [string, string]>([
    ['a control character', 'O\x01K'],
    ['a NUL', 'O\0K'],
    ['a CR and a field', 'OK\rX-Injected: 1'],
    ['DEL', 'O\x7fK'],
    ['8 KB', 'O'.repeat(8192)],
  ])('%s in the reason phrase', async (_name, phrase) => {
    upstream.respond = socket => socket.end(`${head(`HTTP/1.1 200 ${phrase}`, 'Content-Length: 2')}ok`, 'latin1');
    const { text } = await read();
    expect(text).toMatch(/^HTTP\/1\.1 (?:200|502) [\x20-\x7e]*\r\n/);
    expect(text).not.toMatch(/x-injected/i);
    expect(parseResponses(Buffer.from(text, 'latin1'))).toMatchObject([{ complete: true }]);
  });
});

interface Read {
  /** Latin-1. */
  readonly text: string;
  readonly isCleanEnd: boolean;
}

/** `onBody`: called each time that something has come, once `hello` has. */
async function read(method = 'GET', onBody?: () => void): Promise<Read> {
  const client = openConnection(gateway.port, `${method} /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
  client.socket.on('data', () => client.text().includes('hello') && onBody?.());
  await client.closed;
  return { text: client.text(), isCleanEnd: client.isEnded() };
}

/** @returns whether a client takes the response for a complete success (RFC 9112 section 8). */
async function readWhole(onBody?: () => void): Promise<boolean> {
  const { text, isCleanEnd } = await read('GET', onBody);
  const [response] = parseResponses(Buffer.from(text, 'latin1'));
  if (response === undefined || response.status >= 500) return false;
  const isFramed = ['content-length', 'transfer-encoding'].some(
    name => headerValues(response.headers, name).length > 0,
  );
  return response.complete && (isFramed || isCleanEnd);
}
