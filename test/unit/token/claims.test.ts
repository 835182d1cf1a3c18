import { describe, expect, test } from 'vitest';
import type { Issuer } from '../../../src/config/config.ts';
import { checkTime, readAccessToken } from '../../../src/token/claims.ts';
import { exampleIssuer } from './example-token.ts';

const MALFORMED = { ok: false, reason: 'malformed_token' };
/** 1 March 2026. */
const NOW = 1_772_323_200_000;
const YEAR = 365.25 * 24 * 3600;

/** Reads claims as if their signature had been verified; `exp` is there unless it is given. */
function read(
  claims: Readonly<Record<string, unknown>>,
  issuer: Partial<Issuer> = {},
  type: string | undefined = 'at+jwt',
) {
  const token = { header: { type }, claims: { exp: 2_000, ...claims }, isIntrospected: false };
  return readAccessToken(token, exampleIssuer(issuer), NOW);
}

/** `scope_claim` with these claims. */
const from = (...names: readonly string[]): Partial<Issuer> => ({
  scopeSource: { paths: names.map(text => ({ text, steps: [text] })), separator: ' ' },
});

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
    ['exp: milliseconds', { exp: NOW }],
    ['exp: 101 years ahead', { exp: NOW / 1000 + 101 * YEAR }],
    ['nbf: milliseconds', { nbf: NOW }],
    ['iat: milliseconds', { iat: NOW }],
    ['iat: 101 years ahead', { iat: NOW / 1000 + 101 * YEAR }],
    ['aud: null', { aud: null }],
    ['aud: a number', { aud: 7 }],
    ['aud: true', { aud: true }],
    ['aud: an object', { aud: { 0: 'https://api.example/' } }],
    ['aud: a list with a number', { aud: ['https://api.example/', 7] }],
    ['aud: a list with null', { aud: [null, 'https://api.example/'] }],
    ['aud: a list in a list', { aud: [['https://api.example/']] }],
  ])('%s', (_, claims) => {
    expect(read(claims)).toMatchObject(MALFORMED);
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
    ['an object: its keys', { scope: { a: {}, b: true } }, ['a', 'b']],
    ['an object: keys that are false or null grant nothing', { scope: { a: false, b: null, c: 1 } }, ['c']],
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
    expect(read(claims, from('permissions'))).toMatchObject({ scopes: new Set(['c', 'd']) });
    expect(read(claims, from('scp'))).toMatchObject({ scopes: new Set(['b']) });
    expect(read(claims, from('roles'))).toMatchObject({ scopes: new Set() });
  });

  test('scope_claim with several claims: all of them joined', () => {
    const claims = { scp: 'a b', roles: ['b', 'c'], groups: { d: {} } };
    expect(read(claims, from('scp', 'roles', 'groups', 'none'))).toMatchObject({
      scopes: new Set(['a', 'b', 'c', 'd']),
    });
  });

  test('scope_separator: the only one, within a string alone', () => {
    const scopeSource = { paths: undefined, separator: ',' };
    expect(read({ scope: 'a,b c,,' }, { scopeSource })).toMatchObject({ scopes: new Set(['a', 'b c']) });
    expect(read({ scope: ['a,b'] }, { scopeSource })).toMatchObject({ scopes: new Set(['a,b']) });
  });

  test('scope_implies: added to what is compared, not to the scopes of the token', () => {
    const impliedScopes = new Map([['admin', ['write', 'read']]]);
    expect(read({ scope: 'admin x' }, { impliedScopes })).toMatchObject({
      scopes: new Set(['admin', 'x']),
      allScopes: new Set(['admin', 'x', 'write', 'read']),
    });
    const without = read({ scope: 'x' }, { impliedScopes });
    expect(without.ok && without.allScopes).toBe(without.ok && without.scopes);
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
    const untyped = { header: { type: undefined }, claims: { exp: 1 }, isIntrospected: false };
    const readUntyped = (...types: readonly string[]) =>
      readAccessToken(untyped, exampleIssuer({ tokenTypes: new Set(types) }), NOW);
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
    type: 'at+jwt',
    expiresAt: 2_000,
    validUntil: 2_000,
    validFrom: 970,
    claims,
  });
});

describe('audience_claim: client_id', () => {
  const issuer = { audienceClaim: 'client_id' } as const;
  test.each([
    ['alone', { client_id: 'web' }, { audience: ['web'], secondAudience: undefined }],
    ['with aud: both are there', { client_id: 'web', aud: 'api' }, { audience: ['web'], secondAudience: ['api'] }],
    ['with an empty aud: that fits nowhere', { client_id: 'web', aud: [] }, { audience: ['web'], secondAudience: [] }],
    ['absent: no audience', {}, { audience: [], secondAudience: undefined }],
    ['absent beside aud: no audience', { aud: 'api' }, { audience: [], secondAudience: undefined }],
    ['azp in place of it: no audience', { azp: 'web' }, { audience: [], secondAudience: undefined }],
  ])('%s', (_, claims, expected) => {
    expect(read(claims, issuer)).toMatchObject({ ok: true, ...expected });
  });

  test.each([
    ['a number', { client_id: 7 }],
    ['null', { client_id: null }],
    ['good, with an aud that is a number', { client_id: 'web', aud: 7 }],
  ])('%s: malformed_token', (_, claims) => {
    expect(read(claims, issuer)).toMatchObject(MALFORMED);
  });
});

test('an opaque token: no typ that could be wrong', () => {
  const token = { header: undefined, claims: { exp: 2_000, typ: 'Bearer' }, isIntrospected: true };
  expect(readAccessToken(token, exampleIssuer(), NOW)).toMatchObject({ ok: true, typeAccepted: true, type: undefined });
});

test('a foreign kind: kept beside the denial of the claims, and of the time', () => {
  const claims = { typ: 'Refresh' };
  expect(read({ ...claims, exp: undefined })).toMatchObject({ ...MALFORMED, kind: 'Refresh', claims });
  const token = read(claims);
  expect(token).toMatchObject({ ok: true, kind: 'Refresh' });
  expect(token.ok && checkTime(token, 9e12)).toMatchObject({
    ...{ ok: false, reason: 'token_expired', kind: 'Refresh' },
    verified: token,
  });
});

describe('time: no leeway for exp and 30 seconds for nbf and iat, unless the issuer says otherwise (RFC 7519 sections 4.1.4 to 4.1.6)', () => {
  const EXPIRED = 'token_expired';
  const EARLY = 'token_not_yet_valid';
  const wide = { leeway: 300_000, expiryLeeway: 300_000 };
  const none = { leeway: 0, expiryLeeway: 0 };
  test.each<[string, Readonly<Record<string, number>>, number, string, Partial<Issuer>?]>([
    ['a millisecond before exp', { exp: 2_000 }, 1_999_999, 'good'],
    ['at exp', { exp: 2_000 }, 2_000_000, EXPIRED],
    ['after exp', { exp: 2_000 }, 2_000_001, EXPIRED],
    ['exp with a fraction, before', { exp: 2_000.5 }, 2_000_499, 'good'],
    ['exp with a fraction, at', { exp: 2_000.5 }, 2_000_500, EXPIRED],
    ['exp 0', { exp: 0 }, 1, EXPIRED],
    ['exp before 1970', { exp: -1 }, 1_000_000, EXPIRED],
    ['at nbf', { nbf: 1_000 }, 1_000_000, 'good'],
    ['30 s before nbf', { nbf: 1_000 }, 970_000, 'good'],
    ['a millisecond more before nbf', { nbf: 1_000 }, 969_999, EARLY],
    ['30 s before iat', { iat: 1_000 }, 970_000, 'good'],
    ['a millisecond more before iat', { iat: 1_000 }, 969_999, EARLY],
    ['iat good, nbf too early', { iat: 900, nbf: 1_000 }, 960_000, EARLY],
    ['nbf good, iat too early', { iat: 1_000, nbf: 900 }, 960_000, EARLY],
    ['neither nbf nor iat', {}, 0, 'good'],
    ['nbf before 1970', { nbf: -5 }, 1, 'good'],
    ['expired and too early: expired', { exp: 900, nbf: 5_000 }, 1_000_000, EXPIRED],
    ['expiry_leeway: a millisecond before it is over', { exp: 1_000 }, 1_299_999, 'good', wide],
    ['expiry_leeway: over', { exp: 1_000 }, 1_300_000, EXPIRED, wide],
    ['leeway: 5 min before nbf', { nbf: 1_000 }, 700_000, 'good', wide],
    ['leeway: a millisecond more', { nbf: 1_000 }, 699_999, EARLY, wide],
    ['leeway 0: at iat', { iat: 1_000 }, 1_000_000, 'good', none],
    ['leeway 0: a millisecond before iat', { iat: 1_000 }, 999_999, EARLY, none],
  ])('%s', (_, claims, now, verdict, issuer = {}) => {
    const token = read(claims, issuer);
    if (!token.ok) throw new Error('not read');
    if (verdict === 'good') expect(checkTime(token, now)).toBe(token);
    else expect(checkTime(token, now)).toMatchObject({ ok: false, reason: verdict });
  });
});
