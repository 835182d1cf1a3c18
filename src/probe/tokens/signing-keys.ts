/** The private key of a test issuer, and keys that no issuer has. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { accept, type ParsedValue, reject } from '../../config/values/parsed-value.ts';
import { createSignature, type Members, type SigningKey } from './jws-parts.ts';

export interface IssuerKey extends SigningKey {
  readonly keyId: string | undefined;
}

const CURVES: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' };
const ALGORITHM = /^(?:[RPE]S(?:256|384|512)|EdDSA|Ed25519)$/;

/** @param text a private JWK (RFC 7517 section 4), or a JWK set whose first key is meant. No rejection repeats it. */
export function readIssuerKey(text: string): ParsedValue<IssuerKey> {
  let jwk: Members;
  try {
    const parsed = JSON.parse(text);
    jwk = Array.isArray(parsed?.keys) ? parsed.keys[0] : parsed;
  } catch {
    return reject('is not JSON');
  }
  if (typeof jwk?.['d'] !== 'string') return reject('holds no private JWK (RFC 7517): there is no member d');
  const guessed = guessAlgorithm(jwk);
  const algorithm = typeof jwk['alg'] === 'string' ? jwk['alg'] : guessed;
  if (algorithm === undefined || !ALGORITHM.test(algorithm)) return reject('holds a key of an alg that is not known');
  if (familyOf(algorithm) !== familyOf(guessed ?? ''))
    return reject('holds a key whose kty or crv is not that of its alg');
  try {
    const key = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
    // An RSA key may be too short for its alg.
    createSignature('', { algorithm, key });
    return accept({ algorithm, key, keyId: typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined });
  } catch {
    return reject('holds a JWK that is no valid key');
  }
}

function guessAlgorithm({ kty, crv }: Members): string | undefined {
  if (kty === 'RSA') return 'RS256';
  if (kty === 'OKP') return crv === 'Ed25519' ? 'EdDSA' : undefined;
  return CURVES[String(crv)];
}

/** @returns what keys of `algorithm` have in common: RSA signs with six, a curve with one (RFC 7518 section 3.1), Ed25519 has two names. */
function familyOf(algorithm: string): string {
  return algorithm.replace(/^[RP]S\d+$/, 'RSA').replace(/^Ed25519$/, 'EdDSA');
}

/** @returns the public keys of a JWK set that Node.js can read. */
export function readPublicKeys(keys: readonly unknown[]): readonly KeyObject[] {
  return keys.flatMap(jwk => {
    try {
      return [createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })];
    } catch {
      return [];
    }
  });
}

/** @returns a new key of the kind that `algorithm` needs, which no issuer publishes. */
export function createForeignKey(algorithm: unknown): SigningKey {
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') {
    return { algorithm, key: generateKeyPairSync('ed25519').privateKey };
  }
  const curve = Object.keys(CURVES).find(name => CURVES[name] === algorithm);
  if (curve !== undefined) {
    return { algorithm: String(algorithm), key: generateKeyPairSync('ec', { namedCurve: curve }).privateKey };
  }
  const known = /^[RP]S(?:256|384|512)$/.test(String(algorithm)) ? String(algorithm) : 'RS256';
  return { algorithm: known, key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey };
}

/** @returns the public half as a JWK. */
export function exportPublicKey({ key, algorithm }: SigningKey, keyId: string): Members {
  return { ...createPublicKey(key).export({ format: 'jwk' }), kid: keyId, alg: algorithm, use: 'sig' };
}
