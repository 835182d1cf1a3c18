/** One public key of an issuer (RFC 7517), fit to verify with (RFC 8725 sections 3.2 and 3.5). */

import { type CompactVerifyGetKey, createLocalJWKSet, type JWK } from 'jose';

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

const MINIMUM_RSA_BITS = 2048;
const ALGORITHM_OF: Readonly<Record<string, string>> = {
  RSA: 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
};

/** @returns the text by which `createVerificationKey` knows a JWK again. */
export function fingerprintOf(jwk: JWK): string {
  return JSON.stringify(Object.entries(jwk).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * @returns the key, or `undefined` for one that nobody should verify with: symmetric or private, for encryption, RSA
 *   under 2048 bits or with an exponent below 3 or even, or of a kind that this runtime cannot import.
 */
export async function createVerificationKey(jwk: JWK): Promise<VerificationKey | undefined> {
  try {
    if (jwk.kty === 'RSA' && !isStrongRsa(jwk)) return undefined;
    const resolve = createLocalJWKSet({ keys: [jwk] });
    await resolve({ alg: jwk.alg ?? ALGORITHM_OF[jwk.crv ?? jwk.kty ?? ''] ?? '' });
    const published = { keyId: jwk.kid, algorithm: jwk.alg, type: jwk.crv ?? jwk.kty ?? '' };
    return { ...published, resolve, fingerprint: fingerprintOf(jwk), retired: false };
  } catch {
    return undefined;
  }
}

function isStrongRsa({ n = '', e = '' }: JWK): boolean {
  const modulus = readInteger(n);
  const exponent = readInteger(e);
  return modulus.toString(2).length >= MINIMUM_RSA_BITS && exponent >= 3n && exponent % 2n === 1n;
}

/** Base64urlUInt (RFC 7518 section 2). */
function readInteger(text: string): bigint {
  return BigInt(`0x0${Buffer.from(text, 'base64url').toString('hex')}`);
}
