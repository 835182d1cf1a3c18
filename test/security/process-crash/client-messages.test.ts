/**
 * A message of a client that ends the process is an outage of every API behind it.
 *
 * Seen in: http-proxy, http-proxy-3, httpxy (measured): `Trailer` on a GET.
 */

import { describe, test } from 'vitest';
import { endThenRead, HANDSHAKE, raw, resetAtOnce, resetOnResponse, useWatchedProcess } from './watched-process.ts';

useWatchedProcess();

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
    raw.respond = socket => socket.end();
    // Three ways to disconnect: at once, after closing its side, and at the first byte of a response.
    for (const send of [resetAtOnce, endThenRead, resetOnResponse]) await send(bytes);
  });
});
