import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import type { JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { checkKeys } from '../../../../src/config/values/key-set/json-web-key-set.ts';
import { RETIRED } from '../../../../src/token/keys/verification-key.ts';
import { createKey } from '../example-token.ts';

/** Node and jose describe one JSON differently. */
const jwkOf = (jwk: JsonWebKey): JWK => ({ ...jwk }) as JWK;

const rsaPair = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const exportPublic = (pair: { publicKey: { export(options: { format: 'jwk' }): JsonWebKey } }) =>
  jwkOf(pair.publicKey.export({ format: 'jwk' }));

const RSA = rsaPair(2048);
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ED25519 = generateKeyPairSync('ed25519');
const RSA_JWK = exportPublic(RSA);
const EC_JWK = exportPublic(EC);
const ED_JWK = exportPublic(ED25519);

describe('usable key', () => {
  test.each([
    ['RSA 2048', RSA_JWK],
    ['RSA 2048 for PS256', { ...RSA_JWK, alg: 'PS256', use: 'sig' }],
    ['RSA with key_ops', { ...RSA_JWK, key_ops: ['verify'] }],
    ['P-256', EC_JWK],
    ['P-256 with its alg', { ...EC_JWK, alg: 'ES256', kid: 'k' }],
    ['P-384', exportPublic(generateKeyPairSync('ec', { namedCurve: 'P-384' }))],
    ['P-521', exportPublic(generateKeyPairSync('ec', { namedCurve: 'P-521' }))],
    ['Ed25519', ED_JWK],
    ['Ed25519 as EdDSA', { ...ED_JWK, alg: 'EdDSA' }],
    ['Ed25519 as Ed25519 (RFC 9864)', { ...ED_JWK, alg: 'Ed25519' }],
  ])('%s', async (_, jwk) => {
    expect(await createKey(jwk)).toMatchObject({ keyId: jwk.kid, usableUntil: RETIRED });
  });
});

describe('unusable key: undefined (RFC 8725 sections 3.2 and 3.5)', () => {
  test.each<[string, JWK]>([
    ['RSA 1024', exportPublic(rsaPair(1024))],
    ['RSA 2047, in as many bytes as 2048', exportPublic(rsaPair(2047))],
    ['RSA, n = 0', { ...RSA_JWK, n: 'A'.repeat(342) }],
    ['RSA 1024 padded with zeros to look like 2048', padModulus(exportPublic(rsaPair(1024)))],
    ['RSA, e = 1: every message is its own signature', { ...RSA_JWK, e: 'AQ' }],
    ['RSA, e = 1 with zeros before it', { ...RSA_JWK, e: 'AAAB' }],
    ['RSA, e even', { ...RSA_JWK, e: 'Ag' }],
    ['RSA, e = 0', { ...RSA_JWK, e: 'AA' }],
    ['RSA without e', without(RSA_JWK, 'e')],
    ['RSA without n', without(RSA_JWK, 'n')],
    ['symmetric', { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA' }],
    ['symmetric with alg HS256', { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA', alg: 'HS256' }],
    ['private RSA', jwkOf(RSA.privateKey.export({ format: 'jwk' }))],
    ['private EC', jwkOf(EC.privateKey.export({ format: 'jwk' }))],
    ['private Ed25519', jwkOf(ED25519.privateKey.export({ format: 'jwk' }))],
    ['RSA for encryption', { ...RSA_JWK, use: 'enc' }],
    ['RSA for encryption, by key_ops', { ...RSA_JWK, key_ops: ['encrypt'] }],
    ['RSA for encryption, by alg alone', { ...RSA_JWK, alg: 'RSA-OAEP-256' }],
    ['EC for encryption', { ...EC_JWK, use: 'enc' }],
    ['EC with the alg of another curve', { ...EC_JWK, alg: 'ES384' }],
    ['EC with the alg of RSA', { ...EC_JWK, alg: 'RS256' }],
    ['RSA with the alg HS256', { ...RSA_JWK, alg: 'HS256' }],
    ['alg none', { ...EC_JWK, alg: 'none' }],
    ['EC off its curve', { ...EC_JWK, x: EC_JWK.y ?? '' }],
    ['X25519', exportPublic(generateKeyPairSync('x25519'))],
    ['secp256k1', exportPublic(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }))],
    ['a kind that does not exist', { kty: 'XYZ' }],
    ['a key without a kind', without(RSA_JWK, 'kty')],
  ])('%s', async (_, jwk) => {
    expect(await createKey(jwk)).toBeUndefined();
  });
});

test('fingerprint: same for members in another order, other for another member', () => {
  const { kty, crv, x, y } = EC_JWK;
  const spelled = (fields: Readonly<Record<string, unknown>>) => checkKeys([fields])[0]?.fingerprint;
  expect(spelled({ y, x, crv, kty })).toBe(spelled({ kty, crv, x, y }));
  expect(spelled({ kty, crv, x, y, kid: 'a' })).not.toBe(spelled({ kty, crv, x, y, kid: 'b' }));
  // It verifies the same tokens.
  expect(spelled({ kty, crv, x, y, alg: 'ES256', use: 'sig', x5c: ['x'] })).toBe(spelled({ kty, crv, x, y }));
});

function without(jwk: JWK, name: string): JWK {
  return Object.fromEntries(Object.entries(jwk).filter(([key]) => key !== name));
}

function padModulus(jwk: JWK): JWK {
  const modulus = Buffer.from(jwk.n ?? '', 'base64url');
  return { ...jwk, n: Buffer.concat([Buffer.alloc(256 - modulus.length), modulus]).toString('base64url') };
}
