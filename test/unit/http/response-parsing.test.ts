/** Responses: what is read, what is refused, and where their bodies end (RFC 9112 sections 4 and 6.3). */

import { describe, expect, test } from 'vitest';
import { cut, readResponse } from '../../http/differential/reading.ts';

const bytesOf = (text: string) => Buffer.from(text, 'latin1');
const head = (...lines: readonly string[]) => [...lines, '', ''].join('\r\n');

/** Every way of cutting gives the same reading; what came of a body before it turned out malformed aside. */
function readEveryWay(text: string, method = 'GET') {
  const bytes = bytesOf(text);
  const read = (pieces: readonly Buffer[]) => {
    // Bytes behind a response, cut from it, find an attempt that is over: the connection sees to them.
    const { messages, fault } = readResponse(pieces, method, true);
    for (const message of messages) if (!message.isComplete) message.body = '';
    return { messages, fault };
  };
  const whole = read([bytes]);
  for (let at = 1; at < Math.min(bytes.length, 400); at += 1)
    expect(read(cut(bytes, [at])), `cut at ${at}`).toEqual(whole);
  expect(
    read(
      cut(
        bytes,
        Array.from({ length: bytes.length }, (_, at) => at),
      ),
    ),
  ).toEqual(whole);
  return { ...whole, rest: readResponse([bytes], method, true).rest };
}

describe('read', () => {
  test.each<readonly [string, string, string, string]>([
    ['a length', `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`, 'GET', '200 ok'],
    ['chunks', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\nT: u\r\n\r\n`, 'GET', '200 ok'],
    ['no framing: until the connection ends', `${head('HTTP/1.1 200 OK')}ok`, 'GET', '200 ok'],
    ['HTTP/1.0 without framing', `${head('HTTP/1.0 200 OK')}ok`, 'GET', '200 ok'],
    ['no phrase', `${head('HTTP/1.1 200 ', 'Content-Length: 0')}`, 'GET', '200'],
    ['no blank behind the status', `${head('HTTP/1.1 200', 'Content-Length: 0')}`, 'GET', '200'],
    ['obs-text in the phrase', `${head('HTTP/1.1 200 \xe9', 'Content-Length: 0')}`, 'GET', '200'],
    ['status 999', `${head('HTTP/1.1 999 x', 'Content-Length: 0')}`, 'GET', '999'],
    ['HEAD with a length', `${head('HTTP/1.1 200 OK', 'Content-Length: 5')}`, 'HEAD', '200'],
    ['HEAD with chunked', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}`, 'HEAD', '200'],
    ['HEAD without framing', `${head('HTTP/1.1 200 OK')}`, 'HEAD', '200'],
    ['204', `${head('HTTP/1.1 204 No Content')}`, 'GET', '204'],
    ['304 with a length', `${head('HTTP/1.1 304 Not Modified', 'Content-Length: 5')}`, 'GET', '304'],
    [
      '100 before it',
      `${head('HTTP/1.1 100 Continue')}${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`,
      'GET',
      '200 ok',
    ],
    [
      '16 interim responses before it',
      `${head('HTTP/1.1 102 Processing', 'A: b').repeat(16)}${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`,
      'GET',
      '200 ok',
    ],
  ])('%s', (_name, text, method, expected) => {
    const { messages, fault, rest } = readEveryWay(text, method);
    expect([messages.map(({ start, body }) => `${start} ${body}`.trimEnd()), fault, rest]).toEqual([
      [expected],
      undefined,
      false,
    ]);
    expect(messages[0]?.isComplete).toBe(true);
  });
});

describe('more than the response: told, and no part of it', () => {
  test.each<readonly [string, string, string]>([
    ['bytes behind a length', `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}okPOISON`, 'GET'],
    ['bytes behind chunks', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\nx`, 'GET'],
    ['a body behind a response to HEAD', `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`, 'HEAD'],
    ['a body behind a 204', `${head('HTTP/1.1 204 No Content', 'Content-Length: 2')}ok`, 'GET'],
    ['a body behind a 304', `${head('HTTP/1.1 304 Not Modified', 'Content-Length: 2')}ok`, 'GET'],
    ['chunks behind a 204', `${head('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 'GET'],
  ])('%s', (_name, text, method) => {
    const { messages, rest } = readResponse([bytesOf(text)], method, false);
    expect([messages[0]?.isComplete, messages[0]?.body.includes('POISON'), rest]).toEqual([true, false, true]);
  });
});

describe('refused', () => {
  test.each<readonly [string, string]>([
    ['an empty line before it', `\r\n${head('HTTP/1.1 200 OK', 'Content-Length: 0')}`],
    ['a space before it', ` ${head('HTTP/1.1 200 OK', 'Content-Length: 0')}`],
    ['ICY', head('ICY 200 OK', 'Content-Length: 0')],
    ['RTSP, which llhttp reads', head('RTSP/1.0 200 OK', 'Content-Length: 0')],
    ['ICE, which llhttp reads', head('ICE/1.0 200 OK', 'Content-Length: 0')],
    ['HTTP/2.0', head('HTTP/2.0 200 OK', 'Content-Length: 0')],
    ['HTTP/0.9', head('HTTP/0.9 200 OK', 'Content-Length: 0')],
    ['HTTP/1', head('HTTP/1 200 OK', 'Content-Length: 0')],
    ['status 20', head('HTTP/1.1 20 OK', 'Content-Length: 0')],
    ['status 099', head('HTTP/1.1 099 OK', 'Content-Length: 0')],
    ['status 2000', head('HTTP/1.1 2000 OK', 'Content-Length: 0')],
    ['two blanks before the status', head('HTTP/1.1  200 OK', 'Content-Length: 0')],
    ['a control character in the phrase', head('HTTP/1.1 200 O\x01K', 'Content-Length: 0')],
    ['a bare CR in the phrase', head('HTTP/1.1 200 O\rK', 'Content-Length: 0')],
    ['a bare LF behind the status line', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
    ['a bare LF behind a field', 'HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n'],
    ['a folded line', head('HTTP/1.1 200 OK', 'A: b', ' c', 'Content-Length: 0')],
    ['a blank before a colon', head('HTTP/1.1 200 OK', 'Content-Length : 0')],
    ['a NUL in a value', head('HTTP/1.1 200 OK', 'A: \0', 'Content-Length: 0')],
    ['two lengths', `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 3')}ok`],
    ['the same length twice', `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 2')}ok`],
    ['two lengths in one field', `${head('HTTP/1.1 200 OK', 'Content-Length: 2, 2')}ok`],
    ['an empty length', head('HTTP/1.1 200 OK', 'Content-Length: ')],
    ['a signed length', `${head('HTTP/1.1 200 OK', 'Content-Length: +2')}ok`],
    [
      'a length and chunked',
      `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
    ],
    ['gzip, chunked', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked')}2\r\nok\r\n0\r\n\r\n`],
    ['chunked and a tab', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked\t')}2\r\nok\r\n0\r\n\r\n`],
    ['chunked, deflate', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked, deflate')}ok`],
    ['chunkedchunked', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunkedchunked')}ok`],
    [
      'chunked and identity',
      `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity')}ok`,
    ],
    ['identity', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: identity')}ok`],
    ['TE with HTTP/1.0', `${head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`],
    ['two lengths behind a HEAD or 304 as well', head('HTTP/1.1 304 x', 'Content-Length: 2', 'Content-Length: 3')],
    [
      '17 interim responses',
      `${head('HTTP/1.1 102 Processing').repeat(17)}${head('HTTP/1.1 200 OK', 'Content-Length: 0')}`,
    ],
    ['an unasked 101', head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket')],
  ])('%s', (_name, text) => {
    const { messages, fault } = readEveryWay(text);
    expect([messages, fault]).toEqual([[], 'malformed']);
  });

  test.each<readonly [string, string]>([
    ['a size that is none', 'zz\r\nok\r\n0\r\n\r\n'],
    ['a blank behind a size', '2 \r\nok\r\n0\r\n\r\n'],
    ['a bare LF behind a size', '2\nok\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '1\r\nok\r\n0\r\n\r\n'],
  ])('in a chunked body: %s', (_name, body) => {
    const { messages, fault } = readEveryWay(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}${body}`);
    expect([messages[0]?.isComplete, fault]).toEqual([false, 'malformed']);
  });

  test('a head of more than the limit: refused as too large', () => {
    expect(readResponse([bytesOf(head('HTTP/1.1 200 OK', `A: ${'x'.repeat(17_000)}`))], 'GET', false).fault).toBe(
      'too_large',
    );
  });
});
