/** Verifies the signature of a JWS (RFC 7515 section 5.2). No other file verifies one. */

import { compactVerify, errors } from 'jose';
import type { VerificationKey } from '../keys/verification-key.ts';

/**
 * @param algorithm the token's `alg`; the caller has checked that it is one of the issuer's `algorithms`.
 * @param keys candidates: several may share a `kid`, and a token may have none.
 * @returns the key that verifies the signature of `token`; `undefined` where none does.
 */
export async function findSigningKey(
  token: string,
  algorithm: string,
  keys: readonly VerificationKey[],
): Promise<VerificationKey | undefined> {
  for (const key of keys) {
    try {
      await compactVerify(token, key.resolve, { algorithms: [algorithm] });
      return key;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return undefined;
}
