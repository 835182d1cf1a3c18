import { describe, expect, test } from 'vitest';
import { createResponseHeaders, NO_EDITS } from '../../../src/upstream/response-headers.ts';

const WITH_CORS = { ...NO_EDITS, rules: { ...NO_EDITS.rules, hasCors: true } };

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

  test('a field that is added: first, and the upstream’s of that name in any letter case is dropped, but Vary is joined', () => {
    const received = ['x-request-id', 'theirs', 'X-REQUEST-ID', 'theirs', 'vary', 'Accept', 'X-Request-Id2', 'kept'];
    const added = ['X-Request-Id', 'ours', 'Vary', 'Origin'];
    expect(createResponseHeaders(received, added)).toEqual([
      ...['X-Request-Id', 'ours', 'Vary', 'Origin, Accept'],
      ...['X-Request-Id2', 'kept'],
    ]);
  });

  test.each([
    ['', 'Origin'],
    ['Origin', 'Origin'],
    ['origin', 'Origin'],
    ['Accept-Encoding', 'Origin, Accept-Encoding'],
    ['Accept-Encoding, ORIGIN , Accept', 'Origin, Accept-Encoding, Accept'],
    ['*', 'Origin, *'],
    ['X-Origin,,', 'Origin, X-Origin'],
  ])('Vary %j of the upstream, and ours: %j, once', (theirs, expected) => {
    expect(createResponseHeaders(['VARY', theirs], ['Vary', 'Origin'])).toEqual(['Vary', expected]);
  });

  test('Vary in several fields: one', () => {
    const received = ['Vary', 'Accept', 'vary', 'accept, Cookie', 'Vary', 'Origin'];
    expect(createResponseHeaders(received, ['Vary', 'Origin'])).toEqual(['Vary', 'Origin, Accept, Cookie']);
  });

  test('Vary that is not ours: untouched', () => {
    const received = ['Vary', 'Accept', 'vary', 'Accept'];
    expect(createResponseHeaders(received, ['X-Request-Id', 'ours'])).toEqual(['X-Request-Id', 'ours', ...received]);
  });

  test('what the upstream says of CORS, where the route does: dropped; Timing-Allow-Origin is not of CORS', () => {
    const names = ['Allow-Origin', 'Allow-Credentials', 'Allow-Methods', 'Expose-Headers', 'Max-Age', 'Future'];
    const said = names.flatMap(name => [`Access-Control-${name}`, '*', `access-CONTROL-${name}`, '*']);
    const others = ['Timing-Allow-Origin', '*', 'Cross-Origin-Resource-Policy', 'same-site', 'X-Access-Control-A', 'b'];
    const added = ['Vary', 'Origin', 'Access-Control-Allow-Origin', 'https://app.example'];
    expect(createResponseHeaders([...said, ...others], added, WITH_CORS)).toEqual([...added, ...others]);
    expect(createResponseHeaders([...said, ...others], ['Vary', 'Origin'], WITH_CORS)).toEqual([
      'Vary',
      'Origin',
      ...others,
    ]);
    expect(createResponseHeaders([...said, ...others])).toEqual([...said, ...others]);
  });

  test('WWW-Authenticate of the upstream: kept, since it belongs to the API', () => {
    expect(createResponseHeaders(['WWW-Authenticate', 'Basic'])).toEqual(['WWW-Authenticate', 'Basic']);
  });
});
