/** Response heads that are large, or that old servers write: what `max_response_headers` and `lenient` open, and what nothing opens. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, readFailures, startGateway } from '../../support/gateway.ts';
import { request, sendRaw } from '../../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../../support/raw-upstream.ts';

const MALFORMED = 'bad_upstream_response/malformed_response';
const TOO_LARGE = 'bad_upstream_response/response_headers_too_large';

let upstream: RawUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startRawUpstream({ respondsOnce: true });
  const map = (more: string) => `{ public: true, upstream: { url: "${upstream.origin}"${more} } }`;
  gateway = await startGateway(`routes:
  /usual: ${map('')}
  /large: ${map(', max_response_headers: 64KiB')}
  /huge: ${map(', max_response_headers: 1MiB')}
  /small: ${map(', max_response_headers: 1KiB')}
  /lenient: ${map(', lenient: true')}
  /lenient-large: ${map(', lenient: true, max_response_headers: 64KiB')}
  /lenient-small: ${map(', lenient: true, max_response_headers: 1KiB')}
`);
});

afterEach(() => upstream.reset());

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** @param pieces are sent one by one, each when the one before has left. */
function answer(...pieces: readonly string[]): void {
  upstream.respond = async socket => {
    for (const piece of pieces) await new Promise(resolve => socket.write(piece, 'latin1', resolve));
  };
}

async function failuresOf(path: string) {
  return readFailures(await gateway.scrape(), path);
}

/** 502, in the metrics and in the log with this cause. */
async function expectFailure(path: string, failure: string): Promise<void> {
  const before = (await failuresOf(path))[failure] ?? 0;
  const response = await request(gateway.port, { path });
  expect(response).toMatchObject({ status: 502, complete: true });
  expect(JSON.parse(String(response.body))).toMatchObject({ reason: 'bad_upstream_response' });
  expect(String(response.body)).not.toContain(failure.split('/')[1]);
  expect((await failuresOf(path))[failure]).toBe(before + 1);
}

describe('max_response_headers', () => {
  /** About 35 KB. */
  const cookies = Array.from({ length: 70 }, (_, index) => `Set-Cookie: c${index}=${'x'.repeat(480)}; Path=/\r\n`);
  const head = (...lines: readonly string[]) => `HTTP/1.1 200 OK\r\n${lines.join('')}Content-Length: 2\r\n\r\n`;

  test.each(['/large', '/lenient-large'])('%s, 70 cookies: all of them', async path => {
    answer(`${head(...cookies)}ok`);
    const response = await request(gateway.port, { path });
    expect(response.status).toBe(200);
    expect(response.headers.filter(([name]) => name === 'Set-Cookie')).toHaveLength(70);
  });

  test.each(['/usual', '/small', '/lenient', '/lenient-small'])('%s, 70 cookies: 502', async path => {
    answer(`${head(...cookies)}ok`);
    await expectFailure(path, TOO_LARGE);
  });

  test.each([
    ['/usual', 16_384],
    ['/small', 1_024],
    ['/lenient-small', 1_024],
    ['/large', 65_536],
  ])('%s, a head of %d bytes: passes, and one byte more does not', async (path, size) => {
    const fixed = head('X-A: \r\n').length;
    const sized = (length: number) => head(`X-A: ${'x'.repeat(length - fixed)}\r\n`);
    answer(`${sized(size)}ok`);
    expect((await request(gateway.port, { path })).status).toBe(200);
    upstream.disconnect();
    await upstream.allClosed();
    answer(`${sized(size + 1)}ok`);
    await expectFailure(path, TOO_LARGE);
  });

  test('1 MiB of the smallest fields there are: passes', async () => {
    answer(`${head('a:\r\n'.repeat(200_000))}ok`);
    expect((await request(gateway.port, { path: '/huge' })).status).toBe(200);
  });
});

describe('a transfer coding that is not chunked alone', () => {
  test.each([
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked, deflate',
    'Transfer-Encoding: chunkedchunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding:',
    'Transfer-Encoding: chunked;q=1',
    'Transfer-Encoding: chunked\r\nContent-Length: 5',
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
  ])('%j: 502, also where the route is lenient', async fields => {
    for (const path of ['/usual', '/lenient']) {
      answer(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`);
      await expectFailure(path, MALFORMED);
    }
  });
});

const LENIENT: readonly (readonly [name: string, ...pieces: readonly string[]])[] = [
  ['bare LF in the head', 'HTTP/1.1 200 OK\nContent-Length: 5\nX-A: b\n\nhello'],
  ['bare LF at some lines', 'HTTP/1.1 200 OK\r\nContent-Length: 5\nX-A: b\r\n\nhello'],
  ['bare LF behind the status line only', 'HTTP/1.1 200 OK\nContent-Length: 5\r\nX-A: b\r\n\r\nhello'],
  ['the end as LF CRLF', 'HTTP/1.1 200 OK\nContent-Length: 5\nX-A: b\n\r\nhello'],
  ['cut at each line end', 'HTTP/1.1 200 OK\r', '\nContent-Length: 5', '\nX-A: b\n', '\n', 'hello'],
  ['bare LF, ended by the connection', 'HTTP/1.0 200 OK\nX-A: b\n\nhello', 'END'],
  ['one Content-Length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\ncontent-length:  5 \r\n\r\nhello'],
  ['one Content-Length three times', `HTTP/1.1 200 OK\r\n${'Content-Length: 5\r\n'.repeat(3)}X-A: b\r\n\r\nhello`],
  [
    'spaces behind chunk sizes',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n5  \r\nhello\r\n0   \r\n\r\n',
  ],
  ['bare LF in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n5\nhello\n0\n\n'],
  [
    'bare LF in chunks, cut',
    'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nX-A: b\n\n5',
    '\nhel',
    'lo',
    '\n',
    '0 \n',
    '\n',
  ],
];

describe('lenient', () => {
  const send = (pieces: readonly string[]) => {
    if (pieces.at(-1) === 'END') upstream.respond = socket => socket.end(pieces[0] ?? '', 'latin1');
    else answer(...pieces);
  };

  test.each(LENIENT)('%s: read, and written strictly', async (_name, ...pieces) => {
    send(pieces);
    const raw = await sendRaw(gateway.port, 'GET /lenient HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const text = raw.toString('latin1');
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(head.match(/^content-length/gim)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(head).toMatch(/\r\nX-A: b(?:\r\n|$)/);
    expect(body.replace(/^5\r\n|\r\n0$/g, '')).toMatch(/^hello/);
    expect(text).not.toMatch(/\d[\t ]+\r\n/);
  });

  test.each(LENIENT)('%s, without the key: 502', async (_name, ...pieces) => {
    send(pieces);
    if (/chunk/.test(_name) && !/^HTTP\/1\.1 200 OK\n/.test(pieces[0] ?? '')) {
      // The head was right, so it may have been passed on: then the body is cut.
      const response = await request(gateway.port, { path: '/usual' });
      expect(response.status === 502 || !response.complete).toBe(true);
    } else await expectFailure('/usual', MALFORMED);
  });

  test('a lenient and a strict response on one connection: both read', async () => {
    upstream.respond = socket => {
      socket.write('HTTP/1.1 200 OK\nContent-Length: 2\n\nok');
      socket.on('data', () => socket.write('HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok'));
    };
    const statuses = [];
    for (let count = 0; count < 3; count += 1)
      statuses.push((await request(gateway.port, { path: '/lenient' })).status);
    expect(statuses).toEqual([200, 201, 201]);
  });

  test.each([
    ['two Content-Lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
    ['one length in two spellings', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 05\r\n\r\nhello'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello'],
    ['a bare CR', 'HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 5\r\n\r\nhello'],
    ['CR CR LF', 'HTTP/1.1 200 OK\r\r\nContent-Length: 5\r\r\n\r\nhello'],
    ['line folding', 'HTTP/1.1 200 OK\nX-A: a\n b\nContent-Length: 5\n\nhello'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\nContent-Length : 5\n\nhello'],
    ['no colon', 'HTTP/1.1 200 OK\nContent-Length 5\n\nhello'],
    ['a NUL', 'HTTP/1.1 200 OK\nX-A: a\0b\nContent-Length: 5\n\nhello'],
    ['an empty line first', '\nHTTP/1.1 200 OK\nContent-Length: 5\n\nhello'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['another version', 'HTTP/2.0 200 OK\nContent-Length: 5\n\nhello'],
    ['HTTP/0.9', '<html>hello</html>'],
  ])('%s: 502 all the same', async (_name, bytes) => {
    answer(bytes);
    await expectFailure('/lenient', MALFORMED);
  });

  test.each([
    ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a size in another notation', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a letter behind the blank', '5 g\r\nhello\r\n0\r\n\r\n'],
    ['a second size behind the blank', '5 5\r\nhello\r\n0\r\n\r\n'],
    ['a bare CR behind the size', '5\rhello\r\n0\r\n\r\n'],
    ['no line end behind the data', '5\r\nhello0\r\n\r\n'],
    ['more data than the size', '5\r\nhello!\r\n0\r\n\r\n'],
    ['a blank before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
  ])('chunks with %s: never a whole response', async (_name, chunks) => {
    answer(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
    const response = await request(gateway.port, { path: '/lenient' });
    expect(response.status === 502 || !response.complete).toBe(true);
  });
});

describe('a request on a lenient route: as strict as on any other', () => {
  test.each([
    ['bare LF', 'GET /lenient HTTP/1.1\nHost: a\n\n'],
    ['bare LF at one line', 'GET /lenient HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n'],
    ['one Content-Length twice', `POST /lenient HTTP/1.1\r\nHost: a\r\n${'Content-Length: 5\r\n'.repeat(2)}\r\nhello`],
    [
      'a space behind a chunk size',
      'POST /lenient HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n',
    ],
    ['bare LF in chunks', 'POST /lenient HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n'],
  ])('%s: 400, and the upstream gets no request', async (_name, bytes) => {
    answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const raw = await sendRaw(gateway.port, bytes);
    expect(raw.toString()).toMatch(/^HTTP\/1\.1 400 /);
    expect(upstream.text()).not.toContain('hello');
  });
});
