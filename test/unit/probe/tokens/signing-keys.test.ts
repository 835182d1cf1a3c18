import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { readIssuerKey } from '../../../../src/probe/tokens/signing-keys.ts';

const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });
const ed25519 = jwkOf(generateKeyPairSync('ed25519').privateKey);
const x25519 = jwkOf(generateKeyPairSync('x25519').privateKey);
const p256 = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const short = jwkOf(generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey);
const rsa = jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

test.each([
  ['Ed25519', ed25519, 'EdDSA'],
  ['Ed25519, alg Ed25519', { ...ed25519, alg: 'Ed25519' }, 'Ed25519'],
  ['P-256', p256, 'ES256'],
  ['RSA', rsa, 'RS256'],
  ['RSA, alg PS512', { ...rsa, alg: 'PS512' }, 'PS512'],
])('%s: signs', (_, jwk, algorithm) => {
  expect(readIssuerKey(JSON.stringify(jwk))).toMatchObject({ ok: true, value: { algorithm } });
});

test.each([
  ['Ed25519, alg RS256', { ...ed25519, alg: 'RS256' }],
  ['X25519, which signs nothing', x25519],
  ['P-256, alg ES512', { ...p256, alg: 'ES512' }],
  ['P-256, alg RS256', { ...p256, alg: 'RS256' }],
  ['RSA of 512 bits, alg PS512', { ...short, alg: 'PS512' }],
  ['a public key', { ...p256, d: undefined }],
])('%s: rejected, without the key', (_, jwk) => {
  const key = readIssuerKey(JSON.stringify(jwk));
  expect(key.ok).toBe(false);
  expect(JSON.stringify(key)).not.toContain(jwk.x ?? jwk.n);
});
