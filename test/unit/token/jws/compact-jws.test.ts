import { describe, expect, test } from 'vitest';
import { readCompactJws } from '../../../../src/token/jws/compact-jws.ts';
import { compact } from '../example-token.ts';

const MALFORMED = { ok: false, reason: 'malformed_token' };
const HEADER = { alg: 'ES256', kid: 'k', typ: 'at+jwt' };
const CLAIMS = { iss: 'https://login.example' };
const TOKEN = compact(HEADER, CLAIMS);
const [head = '', body = '', signature = ''] = TOKEN.split('.');

test('strict compact JWS: its parts, unverified', () => {
  const expected = { ok: true, algorithm: 'ES256', keyId: 'k', type: 'at+jwt', claims: CLAIMS };
  expect(readCompactJws(TOKEN)).toEqual(expected);
});

test('no kid, no typ, empty signature: parsed', () => {
  const expected = { ok: true, algorithm: 'none', keyId: undefined, type: undefined, claims: {} };
  expect(readCompactJws(compact({ alg: 'none' }, {}, ''))).toEqual(expected);
});

describe('another spelling (RFC 7515 section 7.1)', () => {
  test.each([
    ['nothing', ''],
    ['text', 'opaque-token'],
    ['one dot', `${head}.${body}`],
    ['three dots', `${TOKEN}.${signature}`],
    ['a dot at the end', `${TOKEN}.`],
    ['a dot first', `.${TOKEN}`],
    ['four dots (a JWE)', 'a.b.c.d.e'],
    ['a million dots', '.'.repeat(1_000_000)],
    ['two dots alone', '..'],
    ['empty header', `.${body}.${signature}`],
    ['empty claims', `${head}..${signature}`],
    ['padding on the header', `${head}=.${body}.${signature}`],
    ['padding on the claims', `${head}.${body}==.${signature}`],
    ['padding on the signature', `${TOKEN}=`],
    ['space first', ` ${TOKEN}`],
    ['space last', `${TOKEN} `],
    ['space inside', `${head} .${body}.${signature}`],
    ['line feed last', `${TOKEN}\n`],
    ['line feed inside', `${head}.${body}.c2\nln`],
    ['NUL', `${TOKEN}\0`],
    ['base64 plus', `${head}.${body}.c2+n`],
    ['base64 slash', `${head}.${body}.c2/n`],
    ['percent-encoding', `${head}.${body}.c2%6Cn`],
    ['unused bits in the last character (RFC 4648 section 3.5)', `${head}.${body}.c2lnbh`],
    ['a length that no bytes have', `${head}.${body}.c2lnb`],
    ['quotes', `"${TOKEN}"`],
    ['non-ASCII', `${head}.${body}.c2é`],
    ['a list of tokens', `${TOKEN},${TOKEN}`],
    ['the JSON form', JSON.stringify({ payload: body, protected: head, signature })],
  ])('%s: malformed_token', (_, token) => {
    expect(readCompactJws(token)).toEqual(MALFORMED);
  });

  test('a million dots: refused in no time', () => {
    const startedAt = performance.now();
    readCompactJws('a.'.repeat(1_000_000));
    readCompactJws(`${'a'.repeat(1_000_000)}.`);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('header and claims', () => {
  test.each([
    ['header: a string', '"x"', CLAIMS],
    ['header: an array', [HEADER], CLAIMS],
    ['header: null', 'null', CLAIMS],
    ['header: not JSON', '{alg:"ES256"}', CLAIMS],
    ['header: not closed', '{"alg":"ES256"', CLAIMS],
    ['header: two documents', '{"alg":"ES256"}{}', CLAIMS],
    ['claims: a string', HEADER, '"x"'],
    ['claims: an array', HEADER, [CLAIMS]],
    ['claims: null', HEADER, 'null'],
    ['claims: a number', HEADER, '7'],
    ['claims: not JSON', HEADER, 'iss=x'],
    ['alg absent', { kid: 'k' }, CLAIMS],
    ['alg: a number', { alg: 256 }, CLAIMS],
    ['alg: an array', { alg: ['ES256'] }, CLAIMS],
    ['alg: null', { alg: null }, CLAIMS],
    ['kid: a number', { ...HEADER, kid: 7 }, CLAIMS],
    ['kid: null', { ...HEADER, kid: null }, CLAIMS],
    ['kid: an object', { ...HEADER, kid: {} }, CLAIMS],
    ['typ: a number', { ...HEADER, typ: 7 }, CLAIMS],
    ['typ: an array', { ...HEADER, typ: ['at+jwt'] }, CLAIMS],
    ['typ: null', { ...HEADER, typ: null }, CLAIMS],
    ['crit', { ...HEADER, crit: ['exp'], exp: 1 }, CLAIMS],
    ['crit, empty', { ...HEADER, crit: [] }, CLAIMS],
    ['crit: null', { ...HEADER, crit: null }, CLAIMS],
    ['b64: false', { ...HEADER, b64: false, crit: ['b64'] }, CLAIMS],
    ['b64: true', { ...HEADER, b64: true }, CLAIMS],
  ])('%s: malformed_token', (_, header, claims) => {
    expect(readCompactJws(compact(header, claims))).toEqual(MALFORMED);
  });

  test('jku, x5u, x5c and jwk: not in the result (RFC 8725 section 3.10)', () => {
    const header = {
      ...HEADER,
      jku: 'https://evil.example',
      x5u: 'https://evil.example',
      x5c: ['x'],
      jwk: { kty: 'oct' },
    };
    const jws = readCompactJws(compact(header, CLAIMS));
    expect(Object.keys(jws).sort()).toEqual(['algorithm', 'claims', 'keyId', 'ok', 'type']);
  });
});
