/**
 * A message of an upstream that ends the process is an outage of every other API, too.
 *
 * Seen in: http-proxy, http-proxy-3, httpxy (measured): a control character in the reason phrase, a status below 100, `Trailer`
 * with Content-Length.
 */

import { describe, test } from 'vitest';
import { SWITCHING } from '../../support/switching.ts';
import { HANDSHAKE, raw, readToEnd, useWatchedProcess } from './watched-process.ts';

useWatchedProcess();

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
    'a trailer that was not announced',
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
  ['100 without an Expect', head('HTTP/1.1 100 Continue') + head('HTTP/1.1 200 OK', 'Content-Length: 0')],
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
      'GET /raw/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'HEAD /raw/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      `POST /raw/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`,
      `GET /raw/x HTTP/1.1\r\n${HANDSHAKE}\r\n`,
    ];
    raw.respond = socket => socket.end(bytes, 'latin1');
    await Promise.all(requests.map(readToEnd));
    raw.respond = socket => socket.write(bytes, 'latin1', () => socket.resetAndDestroy());
    await Promise.all(requests.map(readToEnd));
  });
});
