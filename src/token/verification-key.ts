/** One public key of an issuer (RFC 7517), fit to verify with (RFC 8725 sections 3.2 and 3.5). */

import { type CompactVerifyGetKey, createLocalJWKSet, type JWK } from 'jose';

export interface VerificationKey {
  readonly keyId: string | undefined;
  /** For jose: gives the key when the token's `alg` fits its type, curve, `alg`, `use` and `key_ops`, and throws otherwise. */
  readonly resolve: CompactVerifyGetKey;
  /** The whole JWK as text. A key that a refresh brings again unchanged is the same key. */
  readonly fingerprint: string;
  /** Set once the issuer no longer publishes it, or it grew too old: what it verified is verified no more. */
  retired: boolean;
}

const MINIMUM_RSA_BYTES = 2048 / 8;
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
  if (jwk.kty === 'RSA' && !isStrongRsa(jwk)) return undefined;
  try {
    const resolve = createLocalJWKSet({ keys: [jwk] });
    await resolve({ alg: jwk.alg ?? ALGORITHM_OF[jwk.crv ?? jwk.kty ?? ''] ?? '' });
    return { keyId: jwk.kid, resolve, fingerprint: fingerprintOf(jwk), retired: false };
  } catch {
    return undefined;
  }
}

function isStrongRsa({ n, e }: JWK): boolean {
  const modulus = Buffer.from(n ?? '', 'base64url');
  const exponent = Buffer.from(e ?? '', 'base64url');
  const size = modulus.length - modulus.findIndex(byte => byte !== 0);
  const isOne = exponent.toString('hex').replace(/^0+/, '') === '1';
  return size >= MINIMUM_RSA_BYTES && (exponent.at(-1) ?? 0) % 2 === 1 && !isOne;
}
