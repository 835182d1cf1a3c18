import { describe, expect, test } from 'vitest';
import type { Issuer } from '../../../src/config/config.ts';
import { checkTime, readAccessToken } from '../../../src/token/claims.ts';
import { exampleIssuer, exampleToken } from './example-token.ts';

const MALFORMED = { ok: false, reason: 'malformed_token' };

/** Reads claims as if their signature had been verified; `exp` is there unless it is given. */
function read(
  claims: Readonly<Record<string, unknown>>,
  issuer: Partial<Issuer> = {},
  type: string | undefined = 'at+jwt',
) {
  const jws = { ok: true, algorithm: 'ES256', keyId: undefined, type, claims: { exp: 2_000, ...claims } } as const;
  return readAccessToken(jws, exampleIssuer(issuer));
}

describe('registered claim of another type: malformed_token (RFC 7519 section 4.1)', () => {
  test.each([
    ['exp absent', { exp: undefined }],
    ['exp: a string', { exp: '2000' }],
    ['exp: null', { exp: null }],
    ['exp: true', { exp: true }],
    ['exp: an array', { exp: [2000] }],
    ['exp: an object', { exp: {} }],
    ['exp: NaN', { exp: Number.NaN }],
    ['exp: infinite, as JSON reads 1e999', JSON.parse('{"exp":1e999}')],
    ['nbf: a string', { nbf: '1000' }],
    ['nbf: null', { nbf: null }],
    ['nbf: NaN', { nbf: Number.NaN }],
    ['nbf: minus infinite', { nbf: Number.NEGATIVE_INFINITY }],
    ['iat: a string', { iat: '1000' }],
    ['iat: null', { iat: null }],
    ['iat: a date', { iat: '2026-11-01T00:00:00Z' }],
    ['aud: null', { aud: null }],
    ['aud: a number', { aud: 7 }],
    ['aud: true', { aud: true }],
    ['aud: an object', { aud: { 0: 'https://api.example/' } }],
    ['aud: a list with a number', { aud: ['https://api.example/', 7] }],
    ['aud: a list with null', { aud: [null, 'https://api.example/'] }],
    ['aud: a list in a list', { aud: [['https://api.example/']] }],
  ])('%s', (_, claims) => {
    expect(read(claims)).toEqual(MALFORMED);
  });
});

describe('aud: a list, its values unchanged', () => {
  test.each([
    ['absent', undefined, []],
    ['empty list', [], []],
    ['string', 'https://api.example/', ['https://api.example/']],
    ['empty string', '', ['']],
    ['list', ['b', 'a', 'b'], ['b', 'a', 'b']],
    ['another case, a space, no slash', [' HTTPS://API.example '], [' HTTPS://API.example ']],
  ])('%s', (_, aud, audience) => {
    expect(read({ aud })).toMatchObject({ ok: true, audience });
  });
});

describe('scopes: a string or a list (RFC 8693 section 4.2)', () => {
  test.each([
    ['absent', {}, []],
    ['one', { scope: 'a' }, ['a']],
    ['several', { scope: 'a b:c' }, ['a', 'b:c']],
    ['spaces around', { scope: '  a   b ' }, ['a', 'b']],
    ['empty', { scope: '' }, []],
    ['list', { scope: ['a', 'b'] }, ['a', 'b']],
    ['scp, a string', { scp: 'a b' }, ['a', 'b']],
    ['scp, a list', { scp: ['a', 'b'] }, ['a', 'b']],
    ['scope before scp', { scope: 'a', scp: 'b' }, ['a']],
    ['empty scope before scp', { scope: '', scp: 'b' }, []],
    ['a list that is not of strings grants nothing', { scope: ['a', 7] }, []],
    ['an object grants nothing', { scope: { a: true } }, []],
    ['a number grants nothing', { scope: 7 }, []],
    ['true grants nothing', { scope: true }, []],
    ['a tab separates nothing', { scope: 'a\tb' }, ['a\tb']],
    ['a comma separates nothing', { scope: 'a,b' }, ['a,b']],
    ['another claim grants nothing', { permissions: ['a'], roles: 'a' }, []],
  ])('%s', (_, claims, scopes) => {
    expect(read(claims)).toMatchObject({ ok: true, scopes: new Set(scopes) });
  });

  test('scope_claim: the only claim that is read', () => {
    const claims = { scope: 'a', scp: 'b', permissions: ['c', 'd'] };
    expect(read(claims, { scopeClaim: 'permissions' })).toMatchObject({ scopes: new Set(['c', 'd']) });
    expect(read(claims, { scopeClaim: 'scp' })).toMatchObject({ scopes: new Set(['b']) });
    expect(read(claims, { scopeClaim: 'roles' })).toMatchObject({ scopes: new Set() });
  });
});

describe('typ accepted (RFC 9068 section 2.1, RFC 7515 section 4.1.9)', () => {
  test.each([
    ['at+jwt', true],
    ['AT+JWT', true],
    ['at+JWT', true],
    ['application/at+jwt', true],
    ['Application/AT+jwt', true],
    ['JWT', false],
    ['', false],
    ['at-jwt', false],
    ['at+jwt ', false],
    ['application/', false],
    ['application/application/at+jwt', false],
    ['text/at+jwt', false],
    ['logout+jwt', false],
    ['secevent+jwt', false],
    ['dpop+jwt', false],
  ])('%j: %s', (type, typeAccepted) => {
    expect(read({}, {}, type)).toMatchObject({ ok: true, typeAccepted });
  });

  test('no typ: accepted only from an issuer with JWT in token_types', () => {
    const jws = { ok: true, algorithm: 'ES256', keyId: undefined, type: undefined, claims: { exp: 1 } } as const;
    const readUntyped = (...types: readonly string[]) =>
      readAccessToken(jws, exampleIssuer({ tokenTypes: new Set(types) }));
    expect(readUntyped('at+jwt')).toMatchObject({ typeAccepted: false });
    expect(readUntyped('at+jwt', 'jwt')).toMatchObject({ typeAccepted: true });
  });

  test('token_types with JWT: typ JWT accepted', () => {
    const tokenTypes = new Set(['at+jwt', 'jwt']);
    for (const type of ['JWT', 'jwt', 'application/jwt', 'at+jwt']) {
      expect(read({}, { tokenTypes }, type)).toMatchObject({ typeAccepted: true });
    }
  });
});

test('claims: kept; issuer: the one of the configuration', () => {
  const claims = { iss: 'https://login.example', exp: 2_000, nbf: 1_000, iat: 900, sub: 'alice', tenant: { id: 7 } };
  expect(read(claims)).toMatchObject({
    issuer: 'https://login.example',
    expiresAt: 2_000,
    notBefore: 1_000,
    issuedAt: 900,
    claims,
  });
});

describe('time: no leeway for exp, 30 seconds for nbf and iat (RFC 7519 sections 4.1.4 to 4.1.6)', () => {
  const EXPIRED = 'token_expired';
  const EARLY = 'token_not_yet_valid';
  test.each([
    ['a millisecond before exp', { expiresAt: 2_000 }, 1_999_999, 'good'],
    ['at exp', { expiresAt: 2_000 }, 2_000_000, EXPIRED],
    ['after exp', { expiresAt: 2_000 }, 2_000_001, EXPIRED],
    ['exp with a fraction, before', { expiresAt: 2_000.5 }, 2_000_499, 'good'],
    ['exp with a fraction, at', { expiresAt: 2_000.5 }, 2_000_500, EXPIRED],
    ['exp 0', { expiresAt: 0 }, 1, EXPIRED],
    ['exp before 1970', { expiresAt: -1 }, 1_000_000, EXPIRED],
    ['at nbf', { notBefore: 1_000 }, 1_000_000, 'good'],
    ['30 s before nbf', { notBefore: 1_000 }, 970_000, 'good'],
    ['a millisecond more before nbf', { notBefore: 1_000 }, 969_999, EARLY],
    ['30 s before iat', { issuedAt: 1_000 }, 970_000, 'good'],
    ['a millisecond more before iat', { issuedAt: 1_000 }, 969_999, EARLY],
    ['iat good, nbf too early', { issuedAt: 900, notBefore: 1_000 }, 960_000, EARLY],
    ['nbf good, iat too early', { issuedAt: 1_000, notBefore: 900 }, 960_000, EARLY],
    ['neither nbf nor iat', {}, 0, 'good'],
    ['nbf before 1970', { notBefore: -5 }, 1, 'good'],
    ['expired and too early: expired', { expiresAt: 900, notBefore: 5_000 }, 1_000_000, EXPIRED],
  ])('%s', (_, fields, now, verdict) => {
    const token = exampleToken(fields);
    expect(checkTime(token, now)).toEqual(verdict === 'good' ? token : { ok: false, reason: verdict });
  });
});
