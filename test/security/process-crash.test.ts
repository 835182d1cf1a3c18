/**
 * One message that ends the process is an outage of every API behind it. The gateway here is the real process, built from these
 * sources; after each message it must still run, serve as before, and have logged no fault.
 *
 * Seen in: http-proxy, http-proxy-3, httpxy (measured): `Trailer` on a GET, an upstream's control character in the reason
 * phrase, a status below 100, `Trailer` with Content-Length, a reset before 101.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../support/listener.ts';
import { request } from '../support/raw-http.ts';
import { SWITCHING } from '../support/switching.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Beside node_modules, so that the build finds them. */
const BUILD = join(ROOT, '.build', `security-${process.pid}`);
const HANDSHAKE =
  'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

let child: ChildProcess;
let port: number;
let output = '';
let errors = '';
let upstream: Upstream;
/** What the upstream of /rude does with a connection when data has arrived. */
let answer: (socket: Socket) => unknown;
const rude = createServer(socket => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => answer(socket));
});

beforeAll(async () => {
  mkdirSync(BUILD, { recursive: true });
  writeFileSync(join(BUILD, 'package.json'), '{ "type": "module", "version": "0.0.0" }');
  build();
  upstream = await startUpstream();
  const rudeOrigin = `http://127.0.0.1:${await listenOnLoopback(rude)}`;
  writeFileSync(
    join(BUILD, 'audgate.yaml'),
    `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
drain: { delay: 1ms, limit: 1s }
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
  /rude: { public: true, upstream: "${rudeOrigin}", timeouts: { connect: 1s, response: 500ms, idle: 500ms } }
`,
  );
  await start();
});

/** A process that has ended fails only the payload that ended it: the next one gets a new process. */
afterEach(async () => {
  const alive = await request(port, { path: '/open/alive' }).catch(() => undefined);
  const [said, complained] = [output, errors];
  const hasEnded = child.exitCode !== null || child.signalCode !== null;
  output = '';
  errors = '';
  upstream.received.length = 0;
  if (hasEnded) await start();
  expect(complained).toBe('');
  expect(hasEnded).toBe(false);
  expect(alive).toMatchObject({ status: 200, complete: true });
  expect(said.split('\n').filter(line => line.includes('"msg":"fault"'))).toEqual([]);
});

afterAll(async () => {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const outcome = await ended;
  await upstream.close();
  rude.close();
  rmSync(BUILD, { recursive: true });
  expect(outcome).toEqual([0, null]);
});

const GET = 'GET /open/x HTTP/1.1\r\nHost: a\r\n';
const POST = 'POST /open/x HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

describe('messages of a client: the process serves as before', () => {
  test.each([
    ['Trailer on a GET', `${GET}Trailer: X-T\r\n\r\n`],
    ['Trailer on a HEAD', 'HEAD /open/x HTTP/1.1\r\nHost: a\r\nTrailer: X-T\r\n\r\n'],
    ['Trailer with Content-Length', `${POST}Trailer: X-T\r\nContent-Length: 2\r\n\r\nhi`],
    ['Trailer with chunks', `${POST}Trailer: X-T\r\n${CHUNKED}\r\n2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n`],
    ['Trailer: Content-Length', `${POST}Trailer: Content-Length\r\n${CHUNKED}\r\n0\r\n\r\n`],
    ['trailers with __proto__', `${POST}${CHUNKED}\r\n0\r\n__proto__: 1\r\nconstructor: 1\r\n\r\n`],
    ['TE: trailers', `${GET}TE: trailers\r\n\r\n`],
    ['__proto__ as a field', `${GET}__proto__: 1\r\nconstructor: 2\r\nhasOwnProperty: 3\r\n\r\n`],
    ['__proto__ as a path', 'GET /__proto__/constructor HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['__proto__ as a Host', 'GET /open/x HTTP/1.1\r\nHost: __proto__\r\n\r\n'],
    ['an empty Expect', `${GET}Expect:\r\n\r\n`],
    ['an unknown Expect', `${POST}Expect: x\r\nContent-Length: 2\r\n\r\nhi`],
    ['Expect on an upgrade', `GET /open/x HTTP/1.1\r\nExpect: 100-continue\r\n${HANDSHAKE}\r\n`],
    ['an upgrade with a body', `GET /open/x HTTP/1.1\r\nContent-Length: 5\r\n${HANDSHAKE}\r\nhello`],
    ['an upgrade to h2c', `${GET}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`],
    ['an upgrade to nothing', `${GET}Connection: Upgrade\r\nUpgrade:\r\n\r\n`],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\x16\x03\x01'],
    ['CONNECT without a Host', 'CONNECT x HTTP/1.1\r\n\r\n'],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['PRI *', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/0.9', 'GET /open/x\r\n'],
    ['HTTP/9.9', 'GET /open/x HTTP/9.9\r\nHost: a\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['all bytes', Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')],
    ['a length of 10^15 - 1', `${POST}Content-Length: 999999999999999\r\n\r\nx`],
    ['a chunk of 2^60 bytes', `${POST}${CHUNKED}\r\n1000000000000000\r\nx`],
    ['a chunk that breaks', `${POST}${CHUNKED}\r\n5\r\nhello\r\nzz\r\n`],
    ['garbage behind a request', `${GET}\r\nGARBAGE\r\n\r\n`],
    ['garbage behind a body', `${POST}Content-Length: 2\r\n\r\nhiGARBAGE\r\n\r\n`],
    ['CONNECT behind a request', `${GET}\r\nCONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n`],
    ['an upgrade behind a request', `${GET}\r\nGET /open/x HTTP/1.1\r\n${HANDSHAKE}\r\n`],
    ['two upgrades', `GET /open/x HTTP/1.1\r\n${HANDSHAKE}\r\nGET /open/x HTTP/1.1\r\n${HANDSHAKE}\r\n`],
    ['a hundred requests at once', `${GET}\r\n`.repeat(100)],
    ['a field of 100 KB', `${GET}X-A: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['5,000 fields', `${GET}${'a:\r\n'.repeat(5000)}\r\n`],
    ['a target of 100 KB', `GET /open/${'x'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a Connection of 7,000 names', `${GET}Connection: ${'a,'.repeat(7000)}\r\n\r\n`],
    ['obs-text everywhere', `${GET}X-\xff: \xff\r\nCookie: \xe9\r\nX-A: \xff\xfe\r\n\r\n`],
  ])('%s', async (_name, bytes) => {
    answer = socket => socket.end();
    // Three ways to disconnect: at once, after closing its side, and at the first byte of a response.
    for (const leave of [leaveAtOnce, leavePolitely, leaveOnAnswer]) await leave(bytes);
  });
});

const head = (statusLine: string, ...fields: readonly string[]) => [statusLine, ...fields, '', ''].join('\r\n');
const HOSTILE: readonly (readonly [string, string])[] = [
  ['a control character in the reason phrase', head('HTTP/1.1 200 O\x01K', 'Content-Length: 0')],
  ['a NUL in the reason phrase', head('HTTP/1.1 200 O\0K', 'Content-Length: 0')],
  ['a CR in the reason phrase', head('HTTP/1.1 200 O\rX-A: b', 'Content-Length: 0')],
  ['obs-text in the reason phrase', head('HTTP/1.1 200 \xff\xfe', 'Content-Length: 0')],
  ['DEL in the reason phrase', head('HTTP/1.1 200 \x7f', 'Content-Length: 0')],
  ['64 KB of reason phrase', head(`HTTP/1.1 200 ${'x'.repeat(65_536)}`, 'Content-Length: 0')],
  ['status 99', head('HTTP/1.1 99 Low', 'Content-Length: 0')],
  ['status 099', head('HTTP/1.1 099 Low', 'Content-Length: 0')],
  ['status 000', head('HTTP/1.1 000 None', 'Content-Length: 0')],
  ['status 1000', head('HTTP/1.1 1000 High', 'Content-Length: 0')],
  ['status 999', head('HTTP/1.1 999 High', 'Content-Length: 0')],
  ['status 199, then nothing', head('HTTP/1.1 199 Odd')],
  ['Trailer with Content-Length', `${head('HTTP/1.1 200 OK', 'Trailer: X-T', 'Content-Length: 2')}ok`],
  ['Trailer without a body', head('HTTP/1.1 204 No Content', 'Trailer: X-T')],
  [
    'Trailer with chunks',
    `${head('HTTP/1.1 200 OK', 'Trailer: X-T', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`,
  ],
  [
    'a trailer nobody announced',
    `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\nX-T: \x01\r\n\r\n`,
  ],
  ['101 for a plain request', SWITCHING],
  ['101 without a protocol', head('HTTP/1.1 101 Switching Protocols')],
  [
    '103 with a Link that is none',
    head('HTTP/1.1 103 Early Hints', 'Link: nonsense') + head('HTTP/1.1 200 OK', 'Content-Length: 0'),
  ],
  ['103 with a control character', head('HTTP/1.1 103 Early Hints', 'Link: </a>; rel="\x01"')],
  ['103 without a Link', head('HTTP/1.1 103 Early Hints') + head('HTTP/1.1 200 OK', 'Content-Length: 0')],
  [
    '103 with a Link that node:http does not know',
    head('HTTP/1.1 103 Early Hints', 'Link: </a>; rel=x; ,') + head('HTTP/1.1 200 OK', 'Content-Length: 0'),
  ],
  ['100 that nobody asked for', head('HTTP/1.1 100 Continue') + head('HTTP/1.1 200 OK', 'Content-Length: 0')],
  ['102 and an end', head('HTTP/1.1 102 Processing')],
  ['a thousand interim answers', head('HTTP/1.1 103 Early Hints', 'Link: </a>; rel=x').repeat(1000)],
  ['204 with chunks', `${head('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`],
  ['304 with a body', `${head('HTTP/1.1 304 Not Modified', 'Content-Length: 2')}ok`],
  ['205 with a body', `${head('HTTP/1.1 205 Reset Content', 'Content-Length: 2')}ok`],
  ['CL and TE', `${head('HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`],
  ['two lengths', `${head('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2')}ok`],
  ['a length that is none', head('HTTP/1.1 200 OK', 'Content-Length: -1')],
  ['a length of 2^64', head('HTTP/1.1 200 OK', 'Content-Length: 18446744073709551616')],
  ['gzip as a coding', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip')}xx`],
  ['gzip that is none', `${head('HTTP/1.1 200 OK', 'Content-Encoding: gzip', 'Content-Length: 2')}ok`],
  ['Keep-Alive that is none', head('HTTP/1.1 200 OK', 'Keep-Alive: timeout=x, max=-1', 'Content-Length: 0')],
  ['Keep-Alive of an age', head('HTTP/1.1 200 OK', 'Keep-Alive: timeout=999999999999999999999', 'Content-Length: 0')],
  ['__proto__ as a field', head('HTTP/1.1 200 OK', '__proto__: 1', 'constructor: 2', 'Content-Length: 0')],
  ['an empty field name', head('HTTP/1.1 200 OK', ': 1', 'Content-Length: 0')],
  ['a field name with a space', head('HTTP/1.1 200 OK', 'X A: 1', 'Content-Length: 0')],
  ['a control character in a field', head('HTTP/1.1 200 OK', 'X-A: \x01', 'Content-Length: 0')],
  ['obs-text in a field', head('HTTP/1.1 200 OK', 'Set-Cookie: \xff', 'Content-Length: 0')],
  ['200 KB of fields', head('HTTP/1.1 200 OK', ...Array.from({ length: 2000 }, () => `X-A: ${'x'.repeat(100)}`))],
  ['20,000 fields', head('HTTP/1.1 200 OK', ...Array.from({ length: 20_000 }, () => 'a:'))],
  ['two answers', head('HTTP/1.1 200 OK', 'Content-Length: 0').repeat(2)],
  ['more than its length', `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}okmore`],
  ['less than its length', `${head('HTTP/1.1 200 OK', 'Content-Length: 9')}ok`],
  ['a chunk that breaks', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}2\r\nokzz\r\n`],
  ['HTTP/2', '\x00\x00\x12\x04\x00\x00\x00\x00\x00'],
  ['nothing at all', ''],
  ['half a status line', 'HTTP/1.1 2'],
];

describe('messages of an upstream: the process serves as before', () => {
  test.each(HOSTILE)('%s, in response to a request, a HEAD, an upload and an upgrade', async (_name, bytes) => {
    const requests = [
      'GET /rude/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'HEAD /rude/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      `POST /rude/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`,
      `GET /rude/x HTTP/1.1\r\n${HANDSHAKE}\r\n`,
    ];
    answer = socket => socket.end(bytes, 'latin1');
    await Promise.all(requests.map(leaveOnEnd));
    answer = socket => socket.write(bytes, 'latin1', () => socket.resetAndDestroy());
    await Promise.all(requests.map(leaveOnEnd));
  });
});

describe('disconnects at a bad moment: the process serves as before', () => {
  const HALF = SWITCHING.slice(0, 40);
  test.each<readonly [string, (socket: Socket) => unknown]>([
    ['resets before 101', socket => socket.resetAndDestroy()],
    ['resets in the middle of 101', socket => socket.write(HALF, () => socket.resetAndDestroy())],
    ['resets behind 101', socket => socket.write(SWITCHING, () => socket.resetAndDestroy())],
    ['ends before 101', socket => socket.end()],
    ['ends in the middle of 101', socket => socket.end(HALF)],
    ['ends behind 101', socket => socket.end(SWITCHING)],
    ['sends garbage behind 101', socket => socket.end(`${SWITCHING}${'\xff'.repeat(1000)}`, 'latin1')],
    ['never answers', () => undefined],
  ])(
    'the upstream of an upgrade %s; its client stays, disconnects at once, or disconnects then',
    async (_name, act) => {
      answer = act;
      const upgrade = `GET /rude/x HTTP/1.1\r\n${HANDSHAKE}\r\n`;
      for (let round = 0; round < 2; round += 1) {
        await Promise.all([leaveOnEnd(upgrade), leaveAtOnce(upgrade), leaveOnAnswer(upgrade), leavePolitely(upgrade)]);
      }
    },
  );

  test.each([1, 10, 30, 60])('the client resets after %i bytes of its request, many times', async count => {
    for (let round = 0; round < 20; round += 1)
      await leaveAtOnce(`${POST}Content-Length: 1000\r\n\r\n`.slice(0, count));
  });
});

async function start(): Promise<void> {
  const started = spawn(process.execPath, [join(BUILD, 'dist/main.js'), '--config', join(BUILD, 'audgate.yaml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  started.stderr.on('data', piece => {
    errors += piece;
  });
  port = await new Promise<number>((resolve, reject) => {
    started.once('exit', code => reject(new Error(`the gateway ended with ${code}: ${errors}${output}`)));
    started.stdout.on('data', piece => {
      output += piece;
      const [, found] = /"listen":\{[^}]*"port":(\d+)/.exec(output) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
  });
}

/** Sends, and resets as soon as the bytes are written. */
async function leaveAtOnce(bytes: string): Promise<void> {
  const socket = open();
  const closed = closeOf(socket);
  socket.write(bytes, 'latin1', () => socket.resetAndDestroy());
  await closed;
}

/** Sends, closes its side, and reads the response. */
async function leavePolitely(bytes: string): Promise<void> {
  const socket = open();
  const closed = closeOf(socket);
  socket.end(bytes, 'latin1');
  await closed;
}

/** Sends, and resets at the first byte of a response; where none arrives, after a while. */
async function leaveOnAnswer(bytes: string): Promise<void> {
  const socket = open();
  const closed = closeOf(socket);
  socket.setTimeout(200, () => socket.resetAndDestroy()).once('data', () => socket.resetAndDestroy());
  socket.write(bytes, 'latin1');
  await closed;
}

/** Sends, and waits until the gateway closes; closes an open tunnel after a while. */
async function leaveOnEnd(bytes: string): Promise<void> {
  const socket = open();
  const closed = closeOf(socket);
  socket.setTimeout(1000, () => socket.destroy());
  socket.write(bytes, 'latin1');
  await closed;
}

/** Not `once`, which rejects on an error: a reset is one of the expected ends. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise(resolve => socket.once('close', resolve));
}

function open(): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  return socket.resume();
}

function build(): void {
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  try {
    execFileSync(compiler, ['-p', join(ROOT, 'src'), '--outDir', join(BUILD, 'dist')], { stdio: 'pipe' });
  } catch {
    // Type errors are reported by `npm run check`; the build is run in spite of them.
  }
}
