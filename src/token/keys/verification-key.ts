/** One public key of an issuer (RFC 7517), fit to verify with (RFC 8725 sections 3.2 and 3.5). */

import { type CompactVerifyGetKey, createLocalJWKSet, type JWK } from 'jose';
import { checkKey } from '../../config/values/key-set/json-web-key.ts';

/** What an issuer says of one of its keys. */
export interface PublishedKey {
  readonly keyId: string | undefined;
  /** Its `alg`: with one, it is for no other algorithm (RFC 7517 section 4.4). */
  readonly algorithm: string | undefined;
  /** Its `crv`, else its `kty`. */
  readonly type: string;
}

export interface VerificationKey extends PublishedKey {
  /** For jose: gives the key when the token's `alg` fits its type, curve, `alg`, `use` and `key_ops`, and throws otherwise. */
  readonly resolve: CompactVerifyGetKey;
  /** The whole JWK as text. A key that a refresh brings again unchanged is the same key. */
  readonly fingerprint: string;
  /** Set once the issuer no longer publishes it, or it grew too old: what it verified is verified no more. */
  retired: boolean;
}

/** @returns the text by which `createVerificationKey` knows a JWK again. */
export function fingerprintOf(jwk: JWK): string {
  return JSON.stringify(Object.entries(jwk).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @returns the key, or `undefined` for one that `checkKey` refuses, or that jose cannot import after all. */
export async function createVerificationKey(jwk: JWK): Promise<VerificationKey | undefined> {
  const judged = checkKey(jwk);
  const [alg] = judged.ok ? judged.algorithms : [];
  if (alg === undefined) return undefined;
  try {
    const resolve = createLocalJWKSet({ keys: [jwk] });
    await resolve({ alg });
    const published = { keyId: jwk.kid, algorithm: jwk.alg, type: jwk.crv ?? jwk.kty ?? '' };
    return { ...published, resolve, fingerprint: fingerprintOf(jwk), retired: false };
  } catch {
    return undefined;
  }
}
