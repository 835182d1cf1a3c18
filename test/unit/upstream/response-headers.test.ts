import { describe, expect, test } from 'vitest';
import { createResponseHeaders } from '../../../src/upstream/response-headers.ts';

describe('response fields', () => {
  test('end-to-end fields: kept in order and spelling, duplicates included', () => {
    const fields = ['content-type', 'text/html', 'Set-Cookie', 'a=b', 'Set-Cookie', 'c=d', 'X', '', 'Y', 'caf\xe9'];
    expect(createResponseHeaders(fields)).toEqual(fields);
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
      expect(createResponseHeaders([spelling, 'x', 'Kept', 'y'])).toEqual(['Kept', 'y']);
    }
  });

  test('a field that Connection lists: removed', () => {
    const fields = ['X-Hop', '1', 'Connection', 'close, x-hop', 'Kept', '2'];
    expect(createResponseHeaders(fields)).toEqual(['Kept', '2']);
  });

  test('Content-Length, also where Connection lists it: removed, since the body frames itself', () => {
    expect(createResponseHeaders(['Connection', 'content-length', 'Content-Length', '5', 'X', 'y'])).toEqual([
      'X',
      'y',
    ]);
  });

  test('a field that is added: first, and the upstream’s of that name in any letter case is dropped, but for Vary', () => {
    const received = ['x-request-id', 'theirs', 'X-REQUEST-ID', 'theirs', 'vary', 'Accept', 'X-Request-Id2', 'kept'];
    const added = ['X-Request-Id', 'ours', 'Vary', 'Origin'];
    expect(createResponseHeaders(received, added)).toEqual([...added, 'vary', 'Accept', 'X-Request-Id2', 'kept']);
  });

  test('WWW-Authenticate of the upstream: kept, since it belongs to the API', () => {
    expect(createResponseHeaders(['WWW-Authenticate', 'Basic'])).toEqual(['WWW-Authenticate', 'Basic']);
  });
});
