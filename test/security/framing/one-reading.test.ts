/** Unusual framing that has one reading (RFC 9112 sections 6 and 7), and HTTP/1.0: forwarded with the gateway's own framing. */

import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { headerValues, parseResponses, sendRaw, sendThenEnd } from '../../support/raw-http.ts';
import { gateway, HIDDEN, TE, upstream, useFramingGateway } from './framed-requests.ts';

useFramingGateway();

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
    const responses = parseResponses(await sendRaw(gateway.port, bytes, { methods }), { methods });
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
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
    const responses = parseResponses(received).filter(({ status }) => status === 200);
    expect(responses.length).toBeLessThanOrEqual(count);
    expect(responses.length).toBeGreaterThanOrEqual(1);
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
    const responses = parseResponses(await sendThenEnd(gateway.port, bytes + HIDDEN, { finalStatus: 400 }));
    expect(responses[0]?.status).toBe(status);
    expect(upstream.received.map(({ url }) => url)).not.toContain('/open/hidden');
    expect(upstream.received).toHaveLength(status === 200 ? 1 : 0);
  });

  test('without a Host: served by a route of every host, and what follows is not read', async () => {
    const responses = parseResponses(await sendThenEnd(gateway.port, `GET /open/x HTTP/1.0\r\n\r\n${HIDDEN}`));
    expect(responses.map(({ status }) => status)).toEqual([200]);
    expect(upstream.received.map(({ url }) => url)).toEqual(['/open/x']);
  });
});

test('bytes behind the last request of a connection: not read as a request', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => socket.destroy()).resume();
  socket.write(`GET /open/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n${HIDDEN}`);
  await new Promise(resolve => socket.once('close', resolve));
  expect(upstream.received.map(({ url }) => url)).toEqual(['/open/x']);
});
