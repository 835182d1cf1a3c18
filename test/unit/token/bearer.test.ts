import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBearerToken } from '../../../src/token/bearer.ts';

describe('Authorization fields (RFC 6750 section 2.1)', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['bEaReR abc', 'abc'],
    ['Bearer   abc', 'abc'],
    ['Bearer a.b.c~+/=', 'a.b.c~+/='],
    ['Bearer a b', 'a b'],
    ['Bearer Bearer', 'Bearer'],
    ['Bearer a_b-c', 'a_b-c'],
    ['Bearer a"b', 'a"b'],
  ])('%j: the token %j', (field, token) => {
    expect(readBearerToken([field])).toEqual({ ok: true, token });
  });

  test.each([
    ['no field', []],
    ['an empty field', ['']],
    ['another scheme', ['Basic YTpi']],
    ['DPoP', ['DPoP abc']],
    ['a scheme that begins alike', ['Bearertoken abc']],
    ['a colon', ['Bearer: abc']],
    ['a scheme that ends alike', ['XBearer abc']],
    ['a token without a scheme', ['eyJhbGciOiJFUzI1NiJ9.e30.c2ln']],
    ['a parameter that is called Bearer', ['Digest a=b, Bearer=c']],
    ['one credential of a scheme with parameters', ['Digest username="a", realm="b",qop=auth , nc = 00000001']],
    ['a quoted comma', ['Digest username="a, Bearer b", realm="c"']],
    ['a quoted comma behind blanks', ['Digest username = \t"a, Bearer b", realm="c"']],
    ['a quoted comma behind a quoted quote', ['Digest username="a\\", Bearer b", realm="c"']],
    ['parameters that are no tokens', ['AWS4-HMAC-SHA256 Credential=A/us/s3, SignedHeaders=host;range, Signature=f0']],
    ['an empty parameter', ['Digest a="b",, c="d",']],
  ])('%s: missing_token', (_, fields) => {
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
    ['a tab instead of a blank', ['Bearer\tabc']],
    ['two tokens in one field', ['Bearer A, Bearer B']],
    ['two tokens without a blank between', ['Bearer A,Bearer B']],
    ['two tokens with tabs between', ['Bearer A\t,\tBearer B']],
    ['one token twice in one field', ['Bearer A, Bearer A']],
    ['another scheme before it in one field', ['Basic x, Bearer A']],
    ['another scheme behind it in one field', ['Bearer A, Basic x']],
    ['a scheme alone behind it', ['Bearer A, Negotiate']],
    ['an unquoted parameter behind it', ['Bearer A, realm=b']],
    ['Bearer alone behind another scheme', ['Basic x, Bearer']],
    ['Bearer alone before a comma', ['Bearer,abc']],
    ['Bearer behind parameters', ['Digest a="b", Bearer A']],
    ['Bearer behind padding', ['Basic YTpi=, Bearer A']],
    ['Bearer behind a quote that does not end', ['Digest a="b, Bearer A']],
    ['Bearer behind a quote that is no value', ['Basic "x, Bearer A"']],
    ['two schemes, neither of them Bearer', ['Basic x, Negotiate y']],
    ['a comma behind the token', ['Bearer A,']],
    ['a comma before Bearer', [', Bearer A']],
    ['three tokens', ['Bearer A, Bearer B, Bearer C']],
    ['another case', ['bEARER a, BEARER b']],
  ])('%s: malformed_credentials', (_, fields) => {
    expect(readBearerToken(fields)).toEqual({ ok: false, reason: 'malformed_credentials' });
  });
});

const TOKEN = fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,12}={0,2}$/);
const SCHEME = fc.constantFrom('Bearer', 'bearer', 'Basic', 'Negotiate', 'ApiKey');
const PARAMETERS = fc.constantFrom('Digest a="b, Bearer c", d=e', 'OAuth realm="x",n="y"', 'Hawk id="1", mac="a\\"b"');
const CREDENTIALS = fc.oneof(
  fc.tuple(SCHEME, TOKEN).map(([scheme, token]) => `${scheme} ${token}`),
  PARAMETERS,
);

test('two credentials in two fields or joined in one: the same refusal (RFC 9110 section 5.3)', () => {
  const comma = fc.constantFrom(',', ', ', ' ,', '\t, ', ',,');
  const holds = fc.property(CREDENTIALS, CREDENTIALS, comma, (first, second, joint) => {
    const malformed = { ok: false, reason: 'malformed_credentials' };
    expect(readBearerToken([first, second])).toEqual(malformed);
    expect(readBearerToken([first + joint + second])).toEqual(malformed);
    expect(readBearerToken([first])).not.toEqual(malformed);
  });
  fc.assert(holds, { seed: 10, numRuns: 2_000 });
});

test('64 KiB that look like a list: read in one pass', () => {
  const halves = ['="\\', '= "', '"', ' ', ', ', 'a', '="",', 'Bearer ,'];
  const startedAt = performance.now();
  for (const half of halves) readBearerToken([`Digest a,${half.repeat(65_536 / half.length)}, Bearer x`]);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
