/** One public key of an issuer (RFC 7517) that may verify tokens (RFC 8725 sections 3.2 and 3.5). */

import { type CompactVerifyGetKey, createLocalJWKSet, type JWK } from 'jose';
import { checkKey } from '../../config/values/key-set/json-web-key.ts';

/** What an issuer publishes about one of its keys. */
export interface PublishedKey {
  readonly keyId: string | undefined;
  /** Its `alg`: a key that has one is for no other algorithm (RFC 7517 section 4.4). */
  readonly algorithm: string | undefined;
  /** Its `crv`, else its `kty`. */
  readonly type: string;
}

export interface VerificationKey extends PublishedKey {
  /** For jose: returns the key where the token's `alg` fits its type, curve, `alg`, `use` and `key_ops`, and throws otherwise. */
  readonly resolve: CompactVerifyGetKey;
  /** The whole JWK as text. A key that a refresh brings again unchanged stays the same object. */
  readonly fingerprint: string;
  /** Set when the issuer no longer publishes the key, or it is too old. Tokens that it verified then count as unverified. */
  retired: boolean;
}

/** @returns the fingerprint by which an unchanged JWK is recognised. */
export function fingerprintOf(jwk: JWK): string {
  return JSON.stringify(Object.entries(jwk).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @returns the key; `undefined` for one that `checkKey` does not accept, or that jose cannot import. */
export async function createVerificationKey(jwk: JWK): Promise<VerificationKey | undefined> {
  const checked = checkKey(jwk);
  const [alg] = checked.ok ? checked.algorithms : [];
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
