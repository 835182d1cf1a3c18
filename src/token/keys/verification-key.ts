/** One public key of an issuer (RFC 7517) that may verify tokens (RFC 8725 sections 3.2 and 3.5). */

import { KeyObject } from 'node:crypto';
import { createLocalJWKSet, type JWK } from 'jose';
import type { CheckedKey } from '../../config/values/key-set/json-web-key-set.ts';

/** What an issuer publishes about one of its keys. */
export interface PublishedKey {
  readonly keyId: string | undefined;
  /** Its `alg`: a key that has one is for no other algorithm (RFC 7517 section 4.4). */
  readonly algorithm: string | undefined;
  /** Its `crv`, else its `kty`. */
  readonly type: string;
  /** What an operator should know of its `kid`. */
  readonly remark?: string | undefined;
}

/** A published key that verifies nothing here. */
export interface RefusedKey {
  /** As published, cut; `undefined` where it has none. */
  readonly keyId: string | undefined;
  readonly reason: string;
  /** Whether it is a mistake of the issuer; a key for encryption is none. */
  readonly isFault: boolean;
}

export interface VerificationKey extends PublishedKey {
  readonly publicKey: KeyObject;
  /** What it may verify, by its type, curve and `alg` (RFC 8725 section 3.1). */
  readonly algorithms: ReadonlySet<string>;
  /** Whether one verification takes longer than the other requests of the thread should wait. */
  readonly isCostly: boolean;
  /** A key that a refresh brings again unchanged stays the same object. */
  readonly fingerprint: string;
  /**
   * Until when it verifies, by `performance.now()`, and until when tokens that it verified count as verified. Each fetch that
   * brings it again prolongs it; `RETIRED` where the issuer no longer publishes it.
   */
  usableUntil: number;
}

export const RETIRED = Number.NEGATIVE_INFINITY;

/** Ed25519 and P-256 take about as long as RSA with 4096 bits, P-384 six times and P-521 twelve times as long. */
const CHEAP_TYPES = ['ed25519', 'prime256v1'];
const CHEAP_RSA_BITS = 4096;
/** The usual exponent, F4. The time grows with its length: one as long as the modulus takes a hundred times as long. */
const CHEAP_RSA_EXPONENT = 65_537n;

/** @returns the key; `undefined` where jose cannot import it. @param key that `checkKeys` accepts. */
export async function createVerificationKey({ jwk, keyId, check, remark, fingerprint }: CheckedKey) {
  const [alg] = check.ok ? check.algorithms : [];
  if (!check.ok || alg === undefined) return undefined;
  const published = jwk as JWK;
  try {
    const publicKey = KeyObject.from(await createLocalJWKSet({ keys: [{ ...check.material, alg } as JWK] })({ alg }));
    const key: VerificationKey = {
      keyId,
      algorithm: published.alg || undefined,
      type: published.crv ?? published.kty ?? '',
      remark,
      publicKey,
      algorithms: new Set(check.algorithms),
      isCostly: isCostly(publicKey),
      fingerprint,
      usableUntil: RETIRED,
    };
    return key;
  } catch {
    return undefined;
  }
}

function isCostly({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): boolean {
  if (type !== 'rsa') return !CHEAP_TYPES.includes(details.namedCurve ?? type ?? '');
  const { modulusLength = Number.POSITIVE_INFINITY, publicExponent = CHEAP_RSA_EXPONENT } = details;
  return modulusLength > CHEAP_RSA_BITS || publicExponent > CHEAP_RSA_EXPONENT;
}
