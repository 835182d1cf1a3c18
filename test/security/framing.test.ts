/**
 * Where a body ends (RFC 9112 section 6.3): two servers that differ about it see different requests. A message whose end can be
 * read in two ways is refused, any other is forwarded with the gateway's own framing; after a refusal with an unread body the
 * connection closes, and the response still arrives.
 *
 * Seen in: http-proxy CVE-2026-29057 and similar ones (CL with TE, `Transfer-Encoding: xchunked`, chunk extensions with bare LF,
 * obs-fold, trailers), node:http (an unread body becomes the next request; a reset that overtakes the 401).
 */

import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { headerValues, parseResponses, sendRaw, sendThenEnd } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { readBody, startUpstream, type Upstream } from '../support/upstream.ts';

const HIDDEN = 'GET /open/hidden HTTP/1.1\r\nHost: a.example\r\n\r\n';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
/** Targets of requests whose body arrived whole at the upstream. */
const whole: string[] = [];

beforeAll(async () => {
  issuer = await startTokenIssuer();
  upstream = await startUpstream({
    handle: async (req, res, received) => {
      try {
        await readBody(req, received);
        whole.push(received.url);
        res.end(JSON.stringify(received));
      } catch {
        res.destroy();
      }
    },
  });
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
  /api: { resource: "https://api.example/", upstream: "${upstream.origin}" }
`);
});

beforeEach(() => {
  upstream.received.length = 0;
  whole.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const TE = 'Transfer-Encoding: chunked\r\n';

describe('a head with more than one reading: refused and closed, what follows is not read as a request', () => {
  test.each([
    ['CL and TE', `Content-Length: 5\r\n${TE}`, '0\r\n\r\n'],
    ['TE and CL', `${TE}Content-Length: 5\r\n`, '0\r\n\r\n'],
    ['TE and CL 0', `${TE}Content-Length: 0\r\n`, '0\r\n\r\n'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'],
    ['the same length twice', 'Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'],
    ['a length twice in one field', 'Content-Length: 5, 5\r\n', 'hello'],
    ['two lengths in one field', 'Content-Length: 0, 5\r\n', 'hello'],
    ['an empty length', 'Content-Length:\r\n', ''],
    ['a length of a space', 'Content-Length: \r\n', ''],
    ['a signed length', 'Content-Length: +5\r\n', 'hello'],
    ['a negative length', 'Content-Length: -5\r\n', 'hello'],
    ['a length in hex', 'Content-Length: 0x5\r\n', 'hello'],
    ['a length with an exponent', 'Content-Length: 5e0\r\n', 'hello'],
    ['a length with a fraction', 'Content-Length: 5.0\r\n', 'hello'],
    ['a length with an underscore', 'Content-Length: 1_0\r\n', 'hello'],
    ['a length with a space inside', 'Content-Length: 1 0\r\n', 'hello'],
    ['a length in quotes', 'Content-Length: "5"\r\n', 'hello'],
    ['a length of 2^64 + 5', 'Content-Length: 18446744073709551621\r\n', 'hello'],
    ['a length of 10^16', 'Content-Length: 10000000000000000\r\n', 'hello'],
    ['a length that is NaN', 'Content-Length: NaN\r\n', 'hello'],
    ['a space before the colon of the length', 'Content-Length : 5\r\n', 'hello'],
    ['a NUL in the length', 'Content-Length: 5\0\r\n', 'hello'],
    ['TE twice', `${TE}${TE}`, '0\r\n\r\n'],
    ['chunked, chunked', 'Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'],
    ['identity', 'Transfer-Encoding: identity\r\n', '0\r\n\r\n'],
    ['chunked, identity', 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'],
    ['identity, chunked', 'Transfer-Encoding: identity, chunked\r\n', '0\r\n\r\n'],
    ['gzip', 'Transfer-Encoding: gzip\r\n', '0\r\n\r\n'],
    ['gzip, chunked', 'Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'],
    ['chunked in two fields with gzip', `Transfer-Encoding: gzip\r\n${TE}`, '0\r\n\r\n'],
    ['xchunked', 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'],
    ['chunked;q=1', 'Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n'],
    ['"chunked"', 'Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'],
    ['a comma before chunked', 'Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n'],
    ['a vertical tab before chunked', 'Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'],
    ['a NUL behind chunked', 'Transfer-Encoding: chunked\0\r\n', '0\r\n\r\n'],
    ['obs-text before chunked', 'Transfer-Encoding: \xa0chunked\r\n', '0\r\n\r\n'],
    ['an empty TE', 'Transfer-Encoding:\r\n', '0\r\n\r\n'],
    ['an empty TE and a length', 'Transfer-Encoding:\r\nContent-Length: 5\r\n', 'hello'],
    ['a space before the colon of TE', 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n'],
    ['a tab before the colon of TE', 'Transfer-Encoding\t: chunked\r\n', '0\r\n\r\n'],
    ['a space before TE', ` ${TE}`, '0\r\n\r\n'],
    ['TE on a folded line', `X-A: b\r\n ${TE}`, '0\r\n\r\n'],
    ['TE folded', 'Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'],
    ['a length folded', 'Content-Length:\r\n\t5\r\n', 'hello'],
    ['a folded line', 'X-A: b\r\n c\r\nContent-Length: 5\r\n', 'hello'],
    ['a bare CR in a value', 'X-A: b\rContent-Length: 5\r\n', 'hello'],
    ['a bare CR before TE', `X-A: b\r${TE}`, '0\r\n\r\n'],
    ['a CR CR LF', 'X-A: b\r\r\nContent-Length: 5\r\n', 'hello'],
    ['a NUL in a name', `X-\0A: b\r\n${TE}`, '0\r\n\r\n'],
    ['a line without a colon', `X-A\r\n${TE}`, '0\r\n\r\n'],
    ['an empty name', `: b\r\n${TE}`, '0\r\n\r\n'],
    ['a name with brackets', `X(A): b\r\n${TE}`, '0\r\n\r\n'],
  ])('%s', async (_name, fields, body) => {
    const bytes = `POST /open/x HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n${body}${HIDDEN}`;
    const answers = parseResponses(await sendThenEnd(gateway.port, bytes, { finalStatus: 400 }));
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(upstream.received).toEqual([]);
  });
});

describe('a body with broken framing: never whole at the upstream, never answered with success, what follows is not read as a request', () => {
  test.each([
    ['a chunk size that is none', 'zz\r\nhello\r\n0\r\n\r\n'],
    ['a chunk size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a chunk size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a negative chunk size', '-5\r\nhello\r\n0\r\n\r\n'],
    ['an empty chunk size', '\r\nhello\r\n0\r\n\r\n'],
    ['a space before a chunk size', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['an underscore in a chunk size', '0_5\r\nhello\r\n0\r\n\r\n'],
    ['a chunk size of 2^64 + 5', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['a chunk size of 17 digits', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '3\r\nhello\r\n0\r\n\r\n'],
    ['a chunk shorter than its size', '7\r\nhello\r\n0\r\n\r\n'],
    ['a chunk that LF ends', '5\r\nhello\n0\r\n\r\n'],
    ['a chunk that CR ends', '5\r\nhello\r0\r\n\r\n'],
    ['a chunk that nothing ends', '5\r\nhello0\r\n\r\n'],
    ['a chunk size that LF ends', '5\nhello\r\n0\r\n\r\n'],
    ['a chunk size that CR ends', '5\rhello\r\n0\r\n\r\n'],
    ['an extension that LF ends', '5;a\nhello\r\n0\r\n\r\n'],
    ['an extension with a bare CR', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
    ['an extension with a NUL', '5;a\0b\r\nhello\r\n0\r\n\r\n'],
    ['an extension of 100 KB', `5;${'a'.repeat(100_000)}\r\nhello\r\n0\r\n\r\n`],
    ['a length in a trailer', '5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n'],
    ['Transfer-Encoding in a trailer', '5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a trailer without a colon', '5\r\nhello\r\n0\r\nX-T\r\n\r\n'],
    ['a trailer with a bare CR', '5\r\nhello\r\n0\r\nX-T: a\rb\r\n\r\n'],
    ['trailers of 100 KB', `5\r\nhello\r\n0\r\n${'X-T: abcdefghij\r\n'.repeat(6000)}\r\n`],
  ])('%s', async (_name, body) => {
    const bytes = `POST /open/x HTTP/1.1\r\nHost: a.example\r\n${TE}\r\n${body}${HIDDEN}`;
    const answers = parseResponses(await sendThenEnd(gateway.port, bytes, { finalStatus: 400 }));
    expect(answers.filter(({ status }) => status < 400)).toEqual([]);
    expect(whole).toEqual([]);
    expect(upstream.received.map(({ url }) => url)).not.toContain('/open/hidden');
  });
});

describe('one reading in an unusual spelling: forwarded with framing of the gateway, what follows is the next request', () => {
  test.each([
    ['chunk extensions', 'POST', TE, '5;a=b;c="d\\"e"\r\nhello\r\n0;x\r\n\r\n', 'hello'],
    ['a chunk extension without a value', 'POST', TE, '5;a\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['leading zeros', 'POST', TE, '0005\r\nhello\r\n000\r\n\r\n', 'hello'],
    ['upper-case hex', 'POST', TE, 'A\r\nhellohello\r\n0\r\n\r\n', 'hellohello'],
    ['CHUNKED', 'POST', 'transfer-encoding: CHUNKED\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['one byte a chunk', 'POST', TE, '1\r\nh\r\n1\r\ni\r\n0\r\n\r\n', 'hi'],
    ['no chunk', 'POST', TE, '0\r\n\r\n', ''],
    ['trailers', 'POST', `Trailer: X-T\r\n${TE}`, '5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n', 'hello'],
    [
      'trailers that forge',
      'POST',
      TE,
      '5\r\nhello\r\n0\r\nX-T: forged\r\nX-User: forged\r\nHost: forged\r\n\r\n',
      'hello',
    ],
    ['a length with leading zeros', 'POST', 'Content-Length: 00005\r\n', 'hello', 'hello'],
    ['spaces around a length', 'POST', 'Content-Length:   5  \r\n', 'hello', 'hello'],
    ['a length of 0', 'POST', 'Content-Length: 0\r\n', '', ''],
    ['no body', 'POST', '', '', ''],
    ['a GET with a length', 'GET', 'Content-Length: 5\r\n', 'hello', 'hello'],
    ['a chunked GET', 'GET', TE, '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['a DELETE with a length', 'DELETE', 'Content-Length: 5\r\n', 'hello', 'hello'],
    ['a chunked DELETE', 'DELETE', TE, '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['an OPTIONS with a length', 'OPTIONS', 'Content-Length: 5\r\n', 'hello', 'hello'],
    ['a chunked OPTIONS', 'OPTIONS', TE, '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['a chunked HEAD', 'HEAD', TE, '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['a HEAD with a length', 'HEAD', 'Content-Length: 5\r\n', 'hello', 'hello'],
    ['empty lines before the request', '\r\n\r\nPOST', 'Content-Length: 5\r\n', 'hello', 'hello'],
    ['a Content-Length_ beside the length', 'POST', 'Content_Length: 9\r\nContent-Length: 5\r\n', 'hello', 'hello'],
    [
      'a Transfer_Encoding beside the length',
      'POST',
      'Transfer_Encoding: chunked\r\nContent-Length: 5\r\n',
      'hello',
      'hello',
    ],
  ])('%s', async (_name, method, fields, body, text) => {
    const bytes = `${method} /open/x HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n${body}GET /open/next HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`;
    const methods = [method.trim()];
    const answers = parseResponses(await sendRaw(gateway.port, bytes, { methods }), { methods });
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(upstream.received.map(({ url }) => url)).toEqual(['/open/x', '/open/next']);
    const [first] = upstream.received;
    const framing = ['content-length', 'transfer-encoding'].flatMap(name =>
      headerValues(first?.rawHeaders ?? [], name),
    );
    expect(first?.body?.text).toBe(text);
    expect(framing.length).toBeLessThanOrEqual(1);
    if (text !== '') expect(framing).toHaveLength(1);
    expect(JSON.stringify(first?.rawHeaders)).not.toMatch(/forged|x-t/i);
  });
});

describe('HTTP/1.0', () => {
  test.each([
    ['without keep-alive', '', 1],
    ['with keep-alive', 'Connection: keep-alive\r\n', 2],
  ])('%s: %s', async (_name, fields, count) => {
    const one = (target: string, more = fields) => `GET ${target} HTTP/1.0\r\nHost: a.example\r\n${more}\r\n`;
    const received = await sendRaw(gateway.port, one('/open/1') + one('/open/2', ''));
    // For HTTP/1.0 a response without a length ends with the connection, so it may not be kept alive then.
    const answers = parseResponses(received).filter(({ status }) => status === 200);
    expect(answers.length).toBeLessThanOrEqual(count);
    expect(answers.length).toBeGreaterThanOrEqual(1);
    expect(received.toString('latin1')).not.toMatch(/transfer-encoding/i);
  });

  test.each([
    ['a length', 'Content-Length: 5\r\n', 'hello', 200],
    ['chunks, which it does not have', TE, '5\r\nhello\r\n0\r\n\r\n', 400],
    ['chunks and keep-alive', `${TE}Connection: keep-alive\r\n`, '5\r\nhello\r\n0\r\n\r\n', 400],
    ['a length and chunks', `Content-Length: 5\r\n${TE}`, '0\r\n\r\n', 400],
    ['two Hosts', 'Host: b.example\r\n', '', 400],
  ])('with %s', async (_name, fields, body, status) => {
    const bytes = `POST /open/x HTTP/1.0\r\nHost: a.example\r\n${fields}\r\n${body}`;
    const answers = parseResponses(await sendThenEnd(gateway.port, bytes + HIDDEN, { finalStatus: 400 }));
    expect(answers[0]?.status).toBe(status);
    expect(upstream.received.map(({ url }) => url)).not.toContain('/open/hidden');
    expect(upstream.received).toHaveLength(status === 200 ? 1 : 0);
  });

  test('without a Host: refused', async () => {
    const [answer] = parseResponses(
      await sendThenEnd(gateway.port, 'GET /open/x HTTP/1.0\r\n\r\n', { finalStatus: 400 }),
    );
    expect(answer?.status).toBe(400);
    expect(upstream.received).toEqual([]);
  });
});

describe('a refusal before the body was read: the response arrives, the connection closes, the body is not read as a request', () => {
  test.each([
    ['a length', `Content-Length: ${HIDDEN.length}\r\n`, HIDDEN],
    ['chunks', TE, `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`],
    ['a length that never comes', 'Content-Length: 1000\r\n', HIDDEN],
    ['chunks that never end', TE, `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n`],
    ['a length, and a request behind', `Content-Length: ${HIDDEN.length}\r\n`, HIDDEN + HIDDEN],
  ])('%s', async (_name, fields, body) => {
    const received = await sendThenEnd(
      gateway.port,
      `POST /api/x HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n${body}`,
      { finalStatus: 400 },
    );
    const [answer] = parseResponses(received);
    expect(answer).toMatchObject({ status: 401, complete: true });
    expect(upstream.received).toEqual([]);
  });

  test.each([
    ['a length', 'POST', `Content-Length: ${4 * 1024 * 1024}\r\n`, Buffer.alloc(4 * 1024 * 1024, 'x')],
    ['chunks', 'PUT', TE, Buffer.from(`400000\r\n${'x'.repeat(4 * 1024 * 1024)}\r\n0\r\n\r\n`)],
    ['a length, on a DELETE', 'DELETE', `Content-Length: ${4 * 1024 * 1024}\r\n`, Buffer.alloc(4 * 1024 * 1024, 'x')],
  ])(
    '4 MiB with %s, from a client that reads only after it has sent everything: the response arrives',
    async (_name, method, fields, body) => {
      const socket = connect(gateway.port, '127.0.0.1').pause();
      const closed = new Promise(resolve => socket.once('close', resolve));
      const errors: Error[] = [];
      socket.on('error', error => errors.push(error));
      socket.write(`${method} /api/x HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`);
      await new Promise(resolve => socket.write(body, resolve));
      const pieces: Buffer[] = [];
      socket.on('data', piece => pieces.push(piece)).resume();
      await closed;
      const [answer] = parseResponses(Buffer.concat(pieces));
      expect(answer).toMatchObject({ status: 401, complete: true });
      expect(headerValues(answer?.headers ?? [], 'connection')).toEqual(['close']);
      expect(upstream.received).toEqual([]);
      expect(errors.filter(error => 'code' in error && error.code !== 'EPIPE' && error.code !== 'ECONNRESET')).toEqual(
        [],
      );
    },
  );

  test('a refusal of a request without a body: the connection stays open', async () => {
    const refused = 'GET /api/x HTTP/1.1\r\nHost: a.example\r\n\r\n';
    const last = 'GET /open/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
    const answers = parseResponses(await sendRaw(gateway.port, refused + refused + last));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200]);
  });
});

test('bytes behind the last request of a connection: not read as a request', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => socket.destroy()).resume();
  socket.write(`GET /open/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n${HIDDEN}`);
  await new Promise(resolve => socket.once('close', resolve));
  expect(upstream.received.map(({ url }) => url)).toEqual(['/open/x']);
});
