/**
 * Verifies the signature of a JWS (RFC 7515 section 5.2). No other file verifies one.
 *
 * By `crypto.verify` and not by jose: WebCrypto takes every signature through the thread pool and several promises, which costs
 * more than the RSA itself. A test holds the two equal. While it verifies a token, the thread does nothing else: 25 to 150 µs.
 * Where it would take longer, the thread pool verifies.
 */

import { constants, type VerifyKeyObjectInput, verify } from 'node:crypto';
import type { VerificationKey } from '../keys/verification-key.ts';

/** Candidates that one token without a `kid` may have in this thread; each costs a verification. */
const MOST_INLINE = 4;

/** What `crypto.verify` needs to know of an algorithm beside the key. */
interface Scheme extends Omit<VerifyKeyObjectInput, 'key'> {
  /** `undefined` where the algorithm hashes by itself. */
  readonly digest: string | undefined;
}

const rsa = (bits: number): Scheme => ({ digest: `sha${bits}`, padding: constants.RSA_PKCS1_PADDING });
/** RFC 7518 section 3.5: the salt is as long as the digest. */
const rsaPss = (bits: number): Scheme => ({
  digest: `sha${bits}`,
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: bits / 8,
});
/** RFC 7518 section 3.4: R and S as two integers of fixed length, never DER. */
const ecdsa = (bits: number): Scheme => ({ digest: `sha${bits}`, dsaEncoding: 'ieee-p1363' });
const PURE: Scheme = { digest: undefined };

/** RFC 7518 section 3.1, RFC 8037, RFC 9864, and ML-DSA. The curve is the key's (`VerificationKey.algorithms`). */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ...[256, 384, 512].flatMap((bits): [string, Scheme][] => [
    [`RS${bits}`, rsa(bits)],
    [`PS${bits}`, rsaPss(bits)],
    [`ES${bits}`, ecdsa(bits)],
  ]),
  ...['EdDSA', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'].map((name): [string, Scheme] => [name, PURE]),
]);

/**
 * @param token a strict compact JWS, as `readCompactJws` accepts it.
 * @param algorithm the token's `alg`; the caller has checked that it is one of the issuer's `algorithms`.
 * @param keys candidates: several may share a `kid`, and a token may have none. Those that are not for `algorithm` are left out
 *   (RFC 8725 section 3.1).
 * @returns the key that verifies the signature of `token`; `undefined` where none does. A promise only where the thread pool
 *   verifies: many candidates, or a key that is costly.
 */
export function findSigningKey(
  token: string,
  algorithm: string,
  keys: readonly VerificationKey[],
): VerificationKey | undefined | Promise<VerificationKey | undefined> {
  const scheme = SCHEMES.get(algorithm);
  if (!scheme) return undefined;
  const candidates = keys.filter(key => key.algorithms.has(algorithm));
  const dot = token.lastIndexOf('.');
  const input = Buffer.from(token.slice(0, dot), 'latin1');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  if (candidates.length > MOST_INLINE || candidates.some(key => key.isCostly)) {
    return findInThreadPool(scheme, input, signature, candidates);
  }
  return candidates.find(key => verify(scheme.digest, input, { ...scheme, key: key.publicKey }, signature));
}

async function findInThreadPool(
  scheme: Scheme,
  input: Buffer,
  signature: Buffer,
  candidates: readonly VerificationKey[],
): Promise<VerificationKey | undefined> {
  for (const key of candidates) {
    const isVerified = await new Promise<boolean>((resolve, reject) => {
      verify(scheme.digest, input, { ...scheme, key: key.publicKey }, signature, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
    if (isVerified) return key;
  }
  return undefined;
}
