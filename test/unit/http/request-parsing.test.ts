/** Requests: what is read, what is refused, and that it does not depend on where the bytes were cut (RFC 9112 section 2). */

import { describe, expect, test } from 'vitest';
import { cut, readRequests } from '../../http/differential/reading.ts';

const bytesOf = (text: string) => Buffer.from(text, 'latin1');
const singly = (bytes: Buffer) => Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));

/** What came of a body before it turned out malformed depends on where it was cut. */
function read(pieces: readonly Buffer[]) {
  const reading = readRequests(pieces);
  for (const message of reading.messages) if (!message.isComplete) message.body = '';
  return reading;
}

/** Every way of cutting gives the same reading. */
function readEveryWay(text: string) {
  const bytes = bytesOf(text);
  const whole = read([bytes]);
  expect(read(singly(bytes)), 'byte by byte').toEqual(whole);
  for (let at = 1; at < Math.min(bytes.length, 400); at += 1) {
    expect(read(cut(bytes, [at])), `cut at ${at}`).toEqual(whole);
  }
  return whole;
}

describe('read', () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['no field', 'GET / HTTP/1.1\r\n\r\n', ['GET / 1.1']],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', ['GET / 1.0']],
    ['an empty value', 'GET / HTTP/1.1\r\nA:\r\nB: \t \r\nC: c\r\n\r\n', ['GET / 1.1']],
    ['blanks around a value', 'GET / HTTP/1.1\r\nA: \t a b \t\r\n\r\n', ['GET / 1.1']],
    ['obs-text in a value', 'GET / HTTP/1.1\r\nA: \x80\xff\r\n\r\n', ['GET / 1.1']],
    ['every character of a name', "GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~09azAZ: a\r\n\r\n", ['GET / 1.1']],
    ['an empty line before it', '\r\nGET / HTTP/1.1\r\n\r\n', ['GET / 1.1']],
    ['a target that is no path', 'OPTIONS * HTTP/1.1\r\n\r\n', ['OPTIONS * 1.1']],
    ['a length', 'POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc', ['POST / 1.1 abc']],
    ['a length of 0', 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n', ['POST / 1.1']],
    ['zeros before a length', 'POST / HTTP/1.1\r\nContent-Length: 0003\r\n\r\nabc', ['POST / 1.1 abc']],
    [
      'chunks',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n',
      ['POST / 1.1 abc'],
    ],
    ['Chunked', 'POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', ['POST / 1.1 abc']],
    [
      'chunk extensions and trailers',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b;c="d e"\r\nabc\r\n0;x\r\nT: u\r\n\r\n',
      ['POST / 1.1 abc'],
    ],
    [
      'Upgrade to something, with a body',
      'POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\n\r\n',
      ['POST / 1.1 abc', 'GET /2 1.1'],
    ],
    [
      'Upgrade to something, with chunks',
      'POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n',
      ['POST / 1.1 abc', 'GET /2 1.1'],
    ],
    [
      'Connection: close, and a request behind it',
      'GET /1 HTTP/1.1\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\n\r\n',
      ['GET /1 1.1', 'GET /2 1.1'],
    ],
    [
      'three pipelined',
      'GET /1 HTTP/1.1\r\n\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 1\r\n\r\nxGET /3 HTTP/1.1\r\n\r\n',
      ['GET /1 1.1', 'POST /2 1.1 x', 'GET /3 1.1'],
    ],
    [
      'a body that looks like a request',
      'POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n',
      ['POST / 1.1 GET / HTTP/1.1\r\n\r\n', 'GET /2 1.1'],
    ],
  ])('%s', (_name, text, expected) => {
    const { messages, fault } = readEveryWay(text);
    expect(fault).toBeUndefined();
    expect(messages.map(({ start, body }) => `${start} ${body}`.trimEnd())).toEqual(
      expected.map(each => each.trimEnd()),
    );
    expect(messages.every(({ isComplete }) => isComplete)).toBe(true);
  });

  test('values: without the blanks around them, duplicates and order kept', () => {
    const { messages } = readEveryWay('GET / HTTP/1.1\r\nB:  1 \r\na:\t2\r\nB: \r\nB:3\r\n\r\n');
    expect(messages[0]?.fields).toEqual(['b: 1', 'a: 2', 'b: ', 'b: 3']);
  });
});

const TE = 'Transfer-Encoding: chunked\r\n';
const post = (fields: string, body = '') => `POST / HTTP/1.1\r\n${fields}\r\n${body}`;

describe('refused as malformed', () => {
  test.each<readonly [string, string]>([
    ['no HTTP', 'NO HTTP\r\n\r\n'],
    ['HTTP/0.9', 'GET /\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['RTSP, which llhttp reads', 'OPTIONS * RTSP/1.0\r\n\r\n'],
    ['RTSP/1.1 with a method of HTTP', 'GET / RTSP/1.1\r\n\r\n'],
    ['ICE, which llhttp reads', 'SOURCE / ICE/1.0\r\n\r\n'],
    ['a method that is not registered', 'FROB / HTTP/1.1\r\n\r\n'],
    ['a method in lower case', 'get / HTTP/1.1\r\n\r\n'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
    ['a blank before the method', ' GET / HTTP/1.1\r\n\r\n'],
    ['two blanks before the target', 'GET  / HTTP/1.1\r\n\r\n'],
    ['two blanks before the version', 'GET /  HTTP/1.1\r\n\r\n'],
    ['a tab before the target', 'GET\t/ HTTP/1.1\r\n\r\n'],
    ['a tab in the target', 'GET /a\tb HTTP/1.1\r\n\r\n'],
    ['a NUL in the target', 'GET /\0 HTTP/1.1\r\n\r\n'],
    ['a byte over 0x7F in the target', 'GET /\xe9 HTTP/1.1\r\n\r\n'],
    ['a DEL in the target', 'GET /\x7f HTTP/1.1\r\n\r\n'],
    ['no target', 'GET  HTTP/1.1\r\n\r\n'],
    ['something behind the version', 'GET / HTTP/1.1 x\r\n\r\n'],
    ['a blank behind the version', 'GET / HTTP/1.1 \r\n\r\n'],
    ['http in lower case', 'GET / http/1.1\r\n\r\n'],
    ['a bare CR before the request', '\rGET / HTTP/1.1\r\n\r\n'],
    ['a bare LF before the request', '\nGET / HTTP/1.1\r\n\r\n'],
    ['a bare LF behind the request line', 'GET / HTTP/1.1\nA: b\r\n\r\n'],
    ['a bare LF behind a field', 'GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n'],
    ['a bare LF for the empty line', 'GET / HTTP/1.1\r\nA: b\r\n\n'],
    ['a bare CR in a value', 'GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n'],
    ['a bare CR behind the request line', 'GET / HTTP/1.1\rA: b\r\n\r\n'],
    ['CR CR LF', 'GET / HTTP/1.1\r\nA: b\r\r\n\r\n'],
    ['a NUL in a value', 'GET / HTTP/1.1\r\nA: b\0\r\n\r\n'],
    ['a control character in a value', 'GET / HTTP/1.1\r\nA: b\x01\r\n\r\n'],
    ['a DEL in a value', 'GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n'],
    ['a folded line', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
    ['a folded line that is blank', 'GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n'],
    ['a blank before the first name', 'GET / HTTP/1.1\r\n A: b\r\n\r\n'],
    ['a blank before a colon', 'GET / HTTP/1.1\r\nA : b\r\n\r\n'],
    ['a tab before a colon', 'GET / HTTP/1.1\r\nA\t: b\r\n\r\n'],
    ['no colon', 'GET / HTTP/1.1\r\nA\r\n\r\n'],
    ['no name', 'GET / HTTP/1.1\r\n: b\r\n\r\n'],
    ['brackets in a name', 'GET / HTTP/1.1\r\nA(b): c\r\n\r\n'],
    ['a byte over 0x7F in a name', 'GET / HTTP/1.1\r\nA\xe9: c\r\n\r\n'],
    ['chunked and a tab', post('Transfer-Encoding: chunked \t\r\n', '0\r\n\r\n')],
    ['a tab before chunked', post('Transfer-Encoding:\tchunked\r\n', '0\r\n\r\n')],
    ['a length and chunked', post(`Content-Length: 5\r\n${TE}`, '0\r\n\r\n')],
    ['chunked and a length', post(`${TE}Content-Length: 5\r\n`, '0\r\n\r\n')],
    ['two lengths', post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello')],
    ['the same length twice', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')],
    ['a length twice in one field', post('Content-Length: 5, 5\r\n', 'hello')],
    ['an empty length', post('Content-Length:\r\n')],
    ['a signed length', post('Content-Length: +5\r\n', 'hello')],
    ['a negative length', post('Content-Length: -5\r\n', 'hello')],
    ['a length in hex', post('Content-Length: 0x5\r\n', 'hello')],
    ['a length of 10^16', post('Content-Length: 10000000000000000\r\n', 'hello')],
    ['a length of 2^64 + 5', post('Content-Length: 18446744073709551621\r\n', 'hello')],
    ['a length with a space inside', post('Content-Length: 1 0\r\n', 'hello')],
    ['TE twice', post(`${TE}${TE}`, '0\r\n\r\n')],
    ['chunked, chunked', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n')],
    ['chunkedchunked', post('Transfer-Encoding: chunkedchunked\r\n', '0\r\n\r\n')],
    ['identity', post('Transfer-Encoding: identity\r\n', '0\r\n\r\n')],
    ['gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
    ['chunked, gzip', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n')],
    ['xchunked', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
    ['chunked;q=1', post('Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n')],
    ['a comma before chunked', post('Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n')],
    ['an empty TE', post('Transfer-Encoding:\r\n', '0\r\n\r\n')],
    ['a vertical tab before chunked', post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')],
    ['TE with HTTP/1.0', `POST / HTTP/1.0\r\n${TE}\r\n0\r\n\r\n`],
  ])('%s', (_name, text) => {
    const { messages, fault } = readEveryWay(`${text}GET /hidden HTTP/1.1\r\n\r\n`);
    expect([messages, fault]).toEqual([[], 'malformed']);
  });

  test.each<readonly [string, string]>([
    ['a size that is none', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['an empty size', '\r\nabc\r\n0\r\n\r\n'],
    ['a size in 0x', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a negative size', '-3\r\nabc\r\n0\r\n\r\n'],
    ['a size of 2^64', '10000000000000000\r\nabc\r\n0\r\n\r\n'],
    ['a size of 2^64 + 3', '10000000000000003\r\nabc\r\n0\r\n\r\n'],
    ['a blank behind a size', '3 \r\nabc\r\n0\r\n\r\n'],
    ['a tab behind a size', '3\t\r\nabc\r\n0\r\n\r\n'],
    ['a blank before a size', ' 3\r\nabc\r\n0\r\n\r\n'],
    ['an empty extension', '3;\r\nabc\r\n0\r\n\r\n'],
    ['a bare LF behind a size', '3\nabc\r\n0\r\n\r\n'],
    ['a bare LF in an extension', '3;a\nabc\r\n0\r\n\r\n'],
    ['a bare CR in an extension', '3;a\rb\r\nabc\r\n0\r\n\r\n'],
    ['a NUL in an extension', '3;a\0\r\nabc\r\n0\r\n\r\n'],
    ['a bare LF behind a chunk', '3\r\nabc\n0\r\n\r\n'],
    ['a bare CR behind a chunk', '3\r\nabc\r0\r\n\r\n'],
    ['nothing behind a chunk', '3\r\nabc0\r\n\r\n'],
    ['a chunk longer than its size', '2\r\nabc\r\n0\r\n\r\n'],
    ['a bare LF for the last line', '3\r\nabc\r\n0\r\n\n'],
    ['a trailer without a colon', '3\r\nabc\r\n0\r\nA\r\n\r\n'],
    ['a folded trailer', '3\r\nabc\r\n0\r\nA: b\r\n c\r\n\r\n'],
    ['a length as a trailer', '3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n'],
    ['a bare LF in a trailer', '3\r\nabc\r\n0\r\nA: b\nC: d\r\n\r\n'],
  ])('in a chunked body: %s', (_name, body) => {
    const { messages, fault } = readEveryWay(`POST / HTTP/1.1\r\n${TE}\r\n${body}GET /hidden HTTP/1.1\r\n\r\n`);
    expect([messages.length, messages[0]?.isComplete, fault]).toEqual([1, false, 'malformed']);
  });
});

describe('refused for its version', () => {
  test.each([
    'GET / HTTP/1.2\r\n\r\n',
    'GET / HTTP/2.0\r\n\r\n',
    'GET / HTTP/0.9\r\n\r\n',
    'GET / HTTP/3.7\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ])('%j', text => {
    const { messages, fault } = readRequests([bytesOf(text)]);
    expect([messages, fault]).toEqual([[], 'version']);
  });
});

describe('bounded by bytes', () => {
  const LIMIT = 16 * 1024;
  const filled = (size: number) => {
    const start = 'GET / HTTP/1.1\r\nA: ';
    return bytesOf(`${start}${'x'.repeat(size - start.length - 4)}\r\n\r\n`);
  };

  test.each([
    ['in one piece', (bytes: Buffer) => [bytes]],
    ['in two pieces', (bytes: Buffer) => cut(bytes, [100])],
    ['byte by byte', singly],
  ])('a head of the limit: read, of one byte more: refused; %s', (_name, pieces) => {
    expect(readRequests(pieces(filled(LIMIT))).messages).toHaveLength(1);
    expect(readRequests(pieces(filled(LIMIT + 1)))).toEqual({ messages: [], fault: 'too_large' });
  });

  test('a head without an end: refused at the limit', () => {
    const piece = Buffer.alloc(1_000, 'x');
    const pieces = Array.from({ length: 18 }, (_, index) => (index === 0 ? bytesOf('GET / HTTP/1.1\r\nA: ') : piece));
    expect(readRequests(pieces).fault).toBe('too_large');
  });

  test('empty lines before a head count, however they come', () => {
    expect(readRequests([bytesOf('\r\n'.repeat(9_000))]).fault).toBe('too_large');
    expect(readRequests(Array.from({ length: 9_000 }, () => bytesOf('\r\n'))).fault).toBe('too_large');
  });

  test('5,000 fields: read, none lost', () => {
    const fields = Array.from({ length: 3_000 }, (_, index) => `a: ${index % 10}`);
    const { messages } = readRequests([
      bytesOf(`GET / HTTP/1.1\r\n${fields.map(each => each.replace(' ', '')).join('\r\n')}\r\n\r\n`),
    ]);
    expect(messages[0]?.fields).toEqual(fields);
  });

  const chunked = (body: string) => readRequests([bytesOf(post(TE, body))]);

  test('a body of single bytes in chunks: read', () => {
    expect(chunked(`${'1\r\nx\r\n'.repeat(50_000)}0\r\n\r\n`)).toMatchObject({ fault: undefined });
  });

  test.each([
    ['extensions', `1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`],
    ['zeros before a size', `${'0'.repeat(20_000)}1\r\nx\r\n0\r\n\r\n`],
    ['trailers', `0\r\n${'a: b\r\n'.repeat(4_000)}\r\n`],
  ])('16 KiB of %s: refused', (_name, body) => {
    expect(chunked(body).fault).toBe('too_large');
  });
});
