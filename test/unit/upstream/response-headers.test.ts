import { describe, expect, test } from 'vitest';
import { createResponseHeaders, readReasonPhrase } from '../../../src/upstream/response-headers.ts';

describe('response fields', () => {
  test('end-to-end fields: kept in order and spelling, duplicates included', () => {
    const fields = ['content-type', 'text/html', 'Set-Cookie', 'a=b', 'Set-Cookie', 'c=d', 'X', '', 'Y', 'caf\xe9'];
    expect(createResponseHeaders(fields, 200)).toEqual(fields);
  });

  test.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
  ])('%s in any letter case: removed', name => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(createResponseHeaders([spelling, 'x', 'Kept', 'y'], 200)).toEqual(['Kept', 'y']);
    }
  });

  test('a field that Connection lists: removed', () => {
    const fields = ['X-Hop', '1', 'Connection', 'close, x-hop', 'Kept', '2'];
    expect(createResponseHeaders(fields, 200)).toEqual(['Kept', '2']);
  });

  test('Content-Length that Connection lists: kept, since it frames the body', () => {
    expect(createResponseHeaders(['Connection', 'content-length', 'Content-Length', '5'], 200)).toEqual([
      'Content-Length',
      '5',
    ]);
  });

  test('Content-Length on 204: removed (RFC 9110 section 8.6); on 304: kept', () => {
    expect(createResponseHeaders(['Content-Length', '0', 'X', 'y'], 204)).toEqual(['X', 'y']);
    expect(createResponseHeaders(['Content-Length', '5'], 304)).toEqual(['Content-Length', '5']);
  });

  test('WWW-Authenticate of the upstream: kept, since it belongs to the API', () => {
    expect(createResponseHeaders(['WWW-Authenticate', 'Basic'], 200)).toEqual(['WWW-Authenticate', 'Basic']);
  });
});

describe('reason phrase: forwarded only where a status line can hold it', () => {
  test.each([
    ['OK', 'OK'],
    ['Not Found', 'Not Found'],
    ['caf\xe9\t!', 'caf\xe9\t!'],
    ['', undefined],
    ['a\r\nX: y', undefined],
    ['a\nb', undefined],
    ['\x00', undefined],
    ['a\x7f', undefined],
    ['€', undefined],
    [undefined, undefined],
  ])('%j: %j', (phrase, repeated) => {
    expect(readReasonPhrase(phrase)).toBe(repeated);
  });
});
