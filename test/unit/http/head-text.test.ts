/** What is sent: framing and connection fields are ours, and nothing that is written can be read as more than it is. */

import { describe, expect, test } from 'vitest';
import { formatRequestHead, formatResponseHead } from '../../../src/http/framing/head-text.ts';
import type { OutgoingRequest, ResponseHead } from '../../../src/http/message.ts';
import { HeadParser } from '../../../src/http/parsing/head-parser.ts';
import { REQUEST } from '../../../src/http/parsing/llhttp.ts';
import { readRequestHead } from '../../../src/http/parsing/request-head.ts';
import { frameResponse } from '../../../src/http/server/response-framing.ts';

const OF_CONNECTION = [
  ['Connection', 'close, X-A'],
  ['Keep-Alive', 'timeout=5'],
  ['Proxy-Connection', 'keep-alive'],
  ['TE', 'trailers'],
  ['Trailer', 'X-T'],
  ['transfer-encoding', 'chunked'],
  ['Upgrade', 'h2c'],
  ['CONTENT-LENGTH', '99'],
].flat();

const outgoing = (given: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  method: 'GET',
  target: '/a?b',
  authority: 'upstream:8080',
  fields: [],
  body: 'none',
  ...given,
});

describe('a request', () => {
  test('Host first, then Connection, the fields in their order, and the framing', () => {
    const fields = ['B', '1', 'a', '', 'B', '2'];
    expect(formatRequestHead(outgoing({ method: 'POST', fields, body: 5 }))).toBe(
      'POST /a?b HTTP/1.1\r\nHost: upstream:8080\r\nConnection: keep-alive\r\nB: 1\r\na: \r\nB: 2\r\nContent-Length: 5\r\n\r\n',
    );
  });

  test.each([
    ['none', ''],
    [0, 'Content-Length: 0\r\n'],
    ['unknown', 'Transfer-Encoding: chunked\r\n'],
  ] as const)('body %s: %j', (body, expected) => {
    const text = formatRequestHead(outgoing({ body }));
    expect(text).toBe(`GET /a?b HTTP/1.1\r\nHost: upstream:8080\r\nConnection: keep-alive\r\n${expected}\r\n`);
  });

  test('fields of a connection, Host and Expect: left out', () => {
    const fields = [...OF_CONNECTION, 'Host', 'evil', 'Expect', '100-continue', 'X-A', 'a'];
    expect(formatRequestHead(outgoing({ fields }))).toBe(formatRequestHead(outgoing({ fields: ['X-A', 'a'] })));
  });

  test('an upgrade: named in Connection, too', () => {
    expect(formatRequestHead(outgoing({ protocol: 'websocket' }))).toContain(
      'Connection: Upgrade\r\nUpgrade: websocket\r\n',
    );
  });

  test.each<readonly [string, Partial<OutgoingRequest>]>([
    ['CRLF in the method', { method: 'GET / HTTP/1.1\r\nA:' }],
    ['a blank in the method', { method: 'GET ' }],
    ['CONNECT', { method: 'CONNECT' }],
    ['a blank in the target', { target: '/a b' }],
    ['CRLF in the target', { target: '/a\r\nB: c' }],
    ['a character over 0xFF in the target, whose low byte is LF', { target: '/\u010a' }],
    ['an empty target', { target: '' }],
    ['CRLF in the authority', { authority: 'a\r\nB: c' }],
    ['a blank in the authority', { authority: 'a b' }],
    ['CRLF in the protocol', { protocol: 'a\r\nB: c' }],
  ])('%s: thrown', (_name, given) => {
    expect(() => formatRequestHead(outgoing(given))).toThrow(TypeError);
  });

  test('read back by the parser: the same', () => {
    const parser = new HeadParser(REQUEST, 1_000);
    const bytes = Buffer.from(formatRequestHead(outgoing({ fields: ['A', 'b \xff'], body: 'unknown' })), 'latin1');
    expect(parser.read(bytes, 0)).toBe(bytes.length);
    expect(readRequestHead(parser)).toMatchObject({
      method: 'GET',
      target: '/a?b',
      body: 'unknown',
      isPersistent: true,
    });
  });
});

describe('a field that could not be read back as what it is: thrown, without its value', () => {
  test.each<readonly [string, string, string]>([
    ['a blank in a name', 'a b', 'c'],
    ['a colon in a name', 'a:', 'c'],
    ['CRLF in a name', 'a\r\nb', 'c'],
    ['an empty name', '', 'c'],
    ['CRLF in a value', 'a', 'b\r\nc: d'],
    ['a bare LF in a value', 'a', 'b\nc'],
    ['a NUL in a value', 'a', 'b\0'],
    ['a blank before a value', 'a', ' b'],
    ['a blank behind a value', 'a', 'b '],
    ['a character over 0xFF, whose low byte is LF', 'a', '\u010a'],
  ])('%s', (_name, name, value) => {
    const request = () => formatRequestHead(outgoing({ fields: [name, value] }));
    const response = () => formatResponseHead({ status: 200, reason: '', fields: [name, value], body: 0 }, '', '');
    for (const write of [request, response]) {
      expect(write).toThrow(TypeError);
      expect(write).toThrow(/^invalid (?:field name|value of a)$/);
    }
  });
});

const requestOf = (text: string) => {
  const parser = new HeadParser(REQUEST, 1_000);
  parser.read(Buffer.from(text), 0);
  return readRequestHead(parser);
};
const GET = requestOf('GET / HTTP/1.1\r\n\r\n');
const HEAD = requestOf('HEAD / HTTP/1.1\r\n\r\n');
const CLOSING = requestOf('GET / HTTP/1.1\r\nConnection: foo, Close\r\n\r\n');
const OLD = requestOf('GET / HTTP/1.0\r\n\r\n');
const OLD_KEPT = requestOf('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n');

describe('a response', () => {
  const DATE = ['Date', 'Thu, 26 Nov 2026 00:00:00 GMT'];
  const response = (status: number, body: ResponseHead['body']): ResponseHead => ({
    status,
    reason: '',
    fields: [...OF_CONNECTION, ...DATE],
    body,
  });

  test.each<readonly [string, typeof GET | undefined, number, ResponseHead['body'], string, unknown, boolean]>([
    ['a length', GET, 200, 5, 'Content-Length: 5', 5, false],
    ['no length', GET, 200, 'unknown', 'Transfer-Encoding: chunked', 'unknown', false],
    ['no body, where there could be one', GET, 200, 'none', 'Content-Length: 0', 0, false],
    ['no length for HTTP/1.0: the connection ends it', OLD_KEPT, 200, 'unknown', 'Connection: close', 'close', true],
    ['HTTP/1.0', OLD, 200, 5, 'Content-Length: 5\r\nConnection: close', 5, true],
    ['HTTP/1.0 that is kept', OLD_KEPT, 200, 5, 'Content-Length: 5\r\nConnection: keep-alive', 5, false],
    ['a client that closes', CLOSING, 200, 5, 'Content-Length: 5\r\nConnection: close', 5, true],
    ['no request that could be read', undefined, 400, 5, 'Content-Length: 5\r\nConnection: close', 5, true],
    ['HEAD with a length', HEAD, 200, 5, 'Content-Length: 5', 'none', false],
    ['HEAD without a length', HEAD, 200, 'unknown', '', 'none', false],
    ['304 with a length', GET, 304, 5, 'Content-Length: 5', 'none', false],
    ['204: never a length', GET, 204, 5, '', 'none', false],
  ])('%s', (_name, request, status, body, expected, framing, isLast) => {
    const { text, ...framed } = frameResponse(request, response(status, body), false);
    const [, ...lines] = text.split('\r\n');
    expect(
      lines
        .filter(line => line !== '')
        .slice(1)
        .join('\r\n'),
    ).toBe(expected);
    expect(framed).toEqual({ framing, isLast });
  });

  test('a phrase of the upstream: kept, unless a status line cannot carry it', () => {
    const lineOf = (reason: string) => frameResponse(GET, { ...response(404, 0), reason }, false).text.split('\r\n')[0];
    expect([lineOf('Nope'), lineOf('a\r\nB: c'), lineOf('')]).toEqual([
      'HTTP/1.1 404 Nope',
      'HTTP/1.1 404 Not Found',
      'HTTP/1.1 404 Not Found',
    ]);
  });

  test('without a Date: one is added', () => {
    expect(frameResponse(GET, { ...response(200, 0), fields: [] }, false).text).toMatch(
      /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/,
    );
  });
});
