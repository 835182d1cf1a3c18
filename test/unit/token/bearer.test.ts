import { describe, expect, test } from 'vitest';
import { readBearerToken } from '../../../src/token/bearer.ts';

describe('one Bearer token in one Authorization field (RFC 6750 section 2.1)', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['bEaReR abc', 'abc'],
    ['Bearer   abc', 'abc'],
    ['Bearer a.b.c~+/=', 'a.b.c~+/='],
    ['Bearer a b', 'a b'],
    ['Bearer Bearer', 'Bearer'],
    ['Bearer abc, Basic x', 'abc, Basic x'],
  ])('%j carries %j', (field, token) => {
    expect(readBearerToken([field])).toEqual({ ok: true, token });
  });

  test.each([
    ['no field', []],
    ['an empty field', ['']],
    ['another scheme', ['Basic YTpi']],
    ['DPoP', ['DPoP abc']],
    ['a scheme that begins alike', ['Bearertoken abc']],
    ['no space', ['Bearer,abc']],
    ['a scheme that ends alike', ['XBearer abc']],
    ['a token without a scheme', ['eyJhbGciOiJFUzI1NiJ9.e30.c2ln']],
    ['another scheme before Bearer', ['Basic x, Bearer abc']],
  ])('%s is a missing token', (_, fields) => {
    expect(readBearerToken(fields)).toEqual({ ok: false, reason: 'missing_token' });
  });

  test.each([
    ['Bearer alone', ['Bearer']],
    ['Bearer and a space', ['Bearer ']],
    ['Bearer and spaces', ['Bearer    ']],
    ['two tokens', ['Bearer a', 'Bearer b']],
    ['one token twice', ['Bearer a', 'Bearer a']],
    ['a token beside another scheme', ['Basic x', 'Bearer a']],
    ['an empty field beside a token', ['Bearer a', '']],
  ])('%s is malformed', (_, fields) => {
    expect(readBearerToken(fields)).toEqual({ ok: false, reason: 'malformed_credentials' });
  });
});
