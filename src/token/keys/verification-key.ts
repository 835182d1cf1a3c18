/** One public key of an issuer (RFC 7517) that may verify tokens (RFC 8725 sections 3.2 and 3.5). */

import { KeyObject } from 'node:crypto';
import { createLocalJWKSet, type JWK } from 'jose';
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
  readonly publicKey: KeyObject;
  /** What it may verify, by its type, curve and `alg` (RFC 8725 section 3.1). */
  readonly algorithms: ReadonlySet<string>;
  /** Whether one verification takes longer than the other requests of the thread should wait. */
  readonly isCostly: boolean;
  /** The whole JWK as text. A key that a refresh brings again unchanged stays the same object. */
  readonly fingerprint: string;
  /** Set when the issuer no longer publishes the key, or it is too old. Tokens that it verified then count as unverified. */
  retired: boolean;
}

/** Ed25519 and P-256 take about as long as RSA with 4096 bits, P-384 six times and P-521 twelve times as long. */
const CHEAP_TYPES = ['ed25519', 'prime256v1'];
const CHEAP_RSA_BITS = 4096;
/** The usual exponent, F4. The time grows with its length: one as long as the modulus takes a hundred times as long. */
const CHEAP_RSA_EXPONENT = 65_537n;

/** @returns the fingerprint by which an unchanged JWK is recognised. */
export function fingerprintOf(jwk: JWK): string {
  return JSON.stringify(Object.entries(jwk).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @returns the key; `undefined` for one that `checkKey` does not accept, or that jose cannot import. */
export async function createVerificationKey(jwk: JWK): Promise<VerificationKey | undefined> {
  const checked = checkKey(jwk);
  const [alg] = checked.ok ? checked.algorithms : [];
  if (!checked.ok || alg === undefined) return undefined;
  try {
    const publicKey = KeyObject.from(await createLocalJWKSet({ keys: [jwk] })({ alg }));
    return {
      keyId: jwk.kid,
      algorithm: jwk.alg,
      type: jwk.crv ?? jwk.kty ?? '',
      publicKey,
      algorithms: new Set(checked.algorithms),
      isCostly: isCostly(publicKey),
      fingerprint: fingerprintOf(jwk),
      retired: false,
    };
  } catch {
    return undefined;
  }
}

function isCostly({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): boolean {
  if (type !== 'rsa') return !CHEAP_TYPES.includes(details.namedCurve ?? type ?? '');
  const { modulusLength = Number.POSITIVE_INFINITY, publicExponent = CHEAP_RSA_EXPONENT } = details;
  return modulusLength > CHEAP_RSA_BITS || publicExponent > CHEAP_RSA_EXPONENT;
}
