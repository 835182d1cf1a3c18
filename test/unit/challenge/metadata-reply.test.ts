/** The reply at the place of a metadata document: methods, pages of other origins, conditional requests. */

import { describe, expect, test } from 'vitest';
import type { PublishedMetadata } from '../../../src/challenge/metadata.ts';
import { createMetadataFields, createMetadataReply } from '../../../src/challenge/metadata-reply.ts';
import type { LocalReply } from '../../../src/challenge/refusal.ts';

const BODY = '{"resource":"https://café.example/"}';
const DOCUMENT: PublishedMetadata = { kind: 'document', variesByHost: false, body: BODY };

const pairs = (fields: readonly string[]) =>
  Object.fromEntries(fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1]]] : [])));

function reply(method: string, fields: readonly string[] = []): LocalReply {
  const found = createMetadataReply(DOCUMENT, method, fields);
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

const ETAG = pairs(reply('GET').headers)['ETag'] ?? '';

test.each(['GET', 'HEAD'])('%s: the document, with Cache-Control and ETag', method => {
  const { status, headers, body } = reply(method);
  expect([status, body]).toEqual([200, BODY]);
  expect(pairs(headers)).toEqual({
    'Content-Type': 'application/json',
    'Content-Length': '37',
    'Cache-Control': 'max-age=300',
    ETag: expect.stringMatching(/^"[A-Za-z0-9_-]{43}"$/),
  });
});

test('another document: another ETag', () => {
  const other = createMetadataReply({ ...DOCUMENT, body: '{}' }, 'GET', []);
  expect('headers' in other && pairs(other.headers)['ETag']).not.toBe(ETAG);
});

test('OPTIONS: 204 for pages that send any field', () => {
  const { status, headers, body } = reply('OPTIONS');
  expect([status, body]).toEqual([204, '']);
  expect(pairs(headers)).toEqual({
    Allow: 'GET, HEAD, OPTIONS',
    'Access-Control-Allow-Methods': 'GET, HEAD',
    'Access-Control-Allow-Headers': '*, Authorization',
    'Access-Control-Max-Age': '7200',
  });
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'get'])('%s: method_not_allowed', method => {
  expect(createMetadataReply(DOCUMENT, method, [])).toEqual({ ok: false, reason: 'method_not_allowed' });
});

test.each(['GET', 'HEAD', 'OPTIONS', 'POST'])('%s where the Host names no document: no_route', method => {
  const found = createMetadataReply({ kind: 'ambiguous', variesByHost: true }, method, []);
  expect(found).toEqual({ ok: false, reason: 'no_route' });
});

test('every reply: readable by pages of any origin; Vary only where Host selects', () => {
  expect(createMetadataFields(DOCUMENT)).toEqual(['Access-Control-Allow-Origin', '*']);
  const varying = createMetadataFields({ kind: 'ambiguous', variesByHost: true });
  expect(varying).toEqual(['Access-Control-Allow-Origin', '*', 'Vary', 'Host']);
});

describe('If-None-Match (RFC 9110 section 13.1.2)', () => {
  test.each([
    ['the ETag', [ETAG], 304],
    ['the weak form', [`W/${ETAG}`], 304],
    ['among others', [`"x", W/"a,b",${ETAG}`], 304],
    ['in a second field', ['"x"', ETAG], 304],
    ['any', ['*'], 304],
    ['another', ['"x"'], 200],
    ['without quotes', [ETAG.slice(1, -1)], 200],
    ['within the quotes of another', [`"x${ETAG.slice(1, -1)}"`], 200],
    ['empty', [''], 200],
    ['an open quote', ['"'], 200],
    ['100,000 quotes', ['"'.repeat(100_000)], 200],
  ])('%s: %d', (_name, values, status) => {
    const found = reply(
      'GET',
      values.flatMap(value => ['If-None-Match', value]),
    );
    expect(found.status).toBe(status);
    expect(pairs(found.headers)).toMatchObject({ ETag: ETAG, 'Cache-Control': 'max-age=300' });
  });
});
