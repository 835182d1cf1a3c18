/**
 * Where a body ends (RFC 9112 section 6.3): two servers that differ about it see different requests. A message whose end can be
 * read in two ways is refused.
 *
 * Seen in: http-proxy CVE-2026-29057 and similar ones (CL with TE, `Transfer-Encoding: xchunked`, chunk extensions with bare LF,
 * obs-fold, trailers).
 */

import { describe, expect, test } from 'vitest';
import { parseResponses, sendThenEnd } from '../../support/raw-http.ts';
import { gateway, HIDDEN, TE, upstream, useFramingGateway, whole } from './framed-requests.ts';

useFramingGateway();

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
    const responses = parseResponses(await sendThenEnd(gateway.port, bytes, { finalStatus: 400 }));
    expect(responses.map(({ status }) => status)).toEqual([400]);
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
    const responses = parseResponses(await sendThenEnd(gateway.port, bytes, { finalStatus: 400 }));
    expect(responses.filter(({ status }) => status < 400)).toEqual([]);
    expect(whole).toEqual([]);
    expect(upstream.received.map(({ url }) => url)).not.toContain('/open/hidden');
  });
});
