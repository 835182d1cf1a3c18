import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { readCompactJws } from '../../../src/token/jws/compact-jws.ts';
import { readVerified, type VerifiedToken } from '../../../src/token/jws/jws-verification.ts';
import type { VerificationKey } from '../../../src/token/keys/verification-key.ts';
import { VerifiedTokens } from '../../../src/token/verified-tokens.ts';
import { compact, createKey, exampleIssuer } from './example-token.ts';

const ISSUER = exampleIssuer();
const CLAIMS = { iss: ISSUER.issuer, exp: 4_000_000_000, aud: ['https://a.example/', 'b'], scope: 'a b', sub: 'alice' };

const NOW = Date.now();

let key: VerificationKey;
let tokens: VerifiedTokens;

beforeEach(async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const created = await createKey(publicKey.export({ format: 'jwk' }));
  if (!created) throw new Error('the key is not usable');
  key = created;
  tokens = new VerifiedTokens();
});

function verify(token: string): VerifiedToken {
  const jws = readCompactJws(token);
  const verified = jws.ok ? readVerified({ jws, issuer: ISSUER, now: NOW }, key) : jws;
  if (!verified.ok) throw new Error(verified.reason);
  return verified;
}

test.each([
  ['plain', CLAIMS],
  ['every JSON type', { ...CLAIMS, a: null, b: [1, { c: true }], d: -1.5e-7, e: {}, f: '' }],
  ['text beyond ASCII, and control characters', { ...CLAIMS, sub: 'Zoë \u{1f600} \u0000\u2028"\\' }],
  ['names of Object.prototype', { ...CLAIMS, ...JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}') }],
  ['a type that is not accepted', CLAIMS, { alg: 'ES256', typ: 'JWT' }],
  ['no type', CLAIMS, { alg: 'ES256' }],
])('%s: what was verified, again and again', (_, claims, header = { alg: 'ES256', typ: 'at+jwt' }) => {
  const token = compact(header, claims);
  const verified = verify(token);
  tokens.set('hash', token, verified);
  const again = tokens.get('hash', NOW);
  expect(again).toStrictEqual(verified);
  expect(again?.key).toBe(key);
  expect(again?.issuer).toBe(ISSUER);
  expect(again && Object.entries(again.accessToken.claims)).toEqual(Object.entries(verified.accessToken.claims));
  expect(tokens.get('hash', NOW)).toBe(again);
});

test('another hash, or a deleted one: nothing', () => {
  const token = compact({ alg: 'ES256', typ: 'at+jwt' }, CLAIMS);
  tokens.set('hash', token, verify(token));
  expect(tokens.get('other', NOW)).toBeUndefined();
  tokens.delete('hash');
  expect(tokens.get('hash', NOW)).toBeUndefined();
});
