/** A key pair for every algorithm that this version of Node.js can verify, and jose as the second opinion on signatures. */

import { constants, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { compactVerify, createLocalJWKSet, errors, type JWK } from 'jose';
import { ALGORITHMS } from '../../../../src/config/values/algorithm.ts';

export interface SigningKey {
  readonly name: string;
  readonly jwk: JWK;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function createSigningKey(name: string, { publicKey, privateKey }: KeyPair): SigningKey {
  const jwk = { ...(publicKey.export({ format: 'jwk' }) as JsonWebKey) } as JWK;
  return { name, jwk, publicKey, privateKey };
}

/** Kinds of keys that only some versions of Node.js have, which the types do not know. */
const generate = generateKeyPairSync as unknown as (type: string) => KeyPair;

export const RSA = createSigningKey('RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }));
export const P256 = createSigningKey('P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
export const P384 = createSigningKey('P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }));
export const P521 = createSigningKey('P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }));
export const ED25519 = createSigningKey('Ed25519', generateKeyPairSync('ed25519'));
const ML_DSA = ALGORITHMS.filter(name => name.startsWith('ML-DSA-')).map(name =>
  createSigningKey(name, generate(name.toLowerCase())),
);

export const KEYS: readonly SigningKey[] = [RSA, P256, P384, P521, ED25519, ...ML_DSA];

/** @returns the key that an algorithm needs. */
export function keyOf(algorithm: string): SigningKey {
  const curve = { ES256: P256, ES384: P384, ES512: P521, EdDSA: ED25519, Ed25519: ED25519 }[algorithm];
  return curve ?? ML_DSA.find(({ name }) => name === algorithm) ?? RSA;
}

/** @returns the signature of `input` in the form that a JWS has (RFC 7518 section 3). */
export function signInput(algorithm: string, input: string, key = keyOf(algorithm).privateKey): Buffer {
  const digest = /^(?:RS|PS|ES)(\d+)$/.exec(algorithm)?.[1];
  const padding = algorithm.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : undefined;
  return sign(digest === undefined ? undefined : `sha${digest}`, Buffer.from(input), {
    key,
    dsaEncoding: 'ieee-p1363',
    ...(padding !== undefined && { padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }),
  });
}

/** @returns whether jose verifies `token` by one of `jwks`, as the issuer publishes them. */
export async function isVerifiedByJose(token: string, algorithm: string, ...jwks: readonly JWK[]): Promise<boolean> {
  for (const jwk of jwks) {
    try {
      await compactVerify(token, createLocalJWKSet({ keys: [jwk] }), { algorithms: [algorithm] });
      return true;
    } catch (error) {
      // DOMException: a key that cannot be imported.
      if (!(error instanceof errors.JOSEError || error instanceof DOMException)) throw error;
    }
  }
  return false;
}
