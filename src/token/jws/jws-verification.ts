/** A signed token (JWS) → a verified one: the issuer first, then its key, then the signature, then the shape of the claims. */

import type { Issuer } from '../../config/config.ts';
import { type Denial, deny } from '../../denial.ts';
import type { AccessToken, TokenReason } from '../access-token.ts';
import { readAccessToken } from '../claims.ts';
import type { KeySet } from '../keys/key-set.ts';
import type { VerificationKey } from '../keys/verification-key.ts';
import { type CompactJws, readCompactJws } from './compact-jws.ts';
import { findSigningKey } from './signature.ts';

/** A token with the key and the issuer's settings that it was verified by. It counts as verified as long as both do. */
export interface VerifiedToken {
  readonly ok: true;
  readonly accessToken: AccessToken;
  readonly key: VerificationKey;
  readonly issuer: Issuer;
}

type Result = VerifiedToken | Denial<TokenReason>;

/**
 * @param issuers by `iss`, and `keySets` by the same name.
 * @returns the verified token, or the first reason against it. Neither its time nor its audience is checked here. A promise
 *   only where keys are fetched first or the thread pool verifies: for most tokens it would cost more than it is good for.
 */
export function verifyJws(
  token: string,
  issuers: ReadonlyMap<string, Issuer>,
  keySets: ReadonlyMap<string, KeySet>,
): Result | Promise<Result> {
  const jws = readCompactJws(token);
  if (!jws.ok) return jws;
  const { iss } = jws.claims;
  const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
  if (!issuer) return deny('untrusted_issuer');
  if (!issuer.algorithms.has(jws.algorithm)) return deny('bad_signature');
  const keys = keySets.get(issuer.issuer)?.find(jws.keyId);
  return keys instanceof Promise
    ? keys.then(found => verifyByKeys(token, jws, issuer, found))
    : verifyByKeys(token, jws, issuer, keys);
}

function verifyByKeys(
  token: string,
  jws: CompactJws,
  issuer: Issuer,
  keys: readonly VerificationKey[] | undefined,
): Result | Promise<Result> {
  if (!keys) return deny('keys_unavailable');
  if (keys.length === 0) return deny('unknown_key');
  const key = findSigningKey(token, jws.algorithm, keys);
  return key instanceof Promise ? key.then(found => conclude(jws, issuer, found)) : conclude(jws, issuer, key);
}

function conclude(jws: CompactJws, issuer: Issuer, key: VerificationKey | undefined): Result {
  if (!key) return deny('bad_signature');
  const accessToken = readAccessToken(jws, issuer);
  return accessToken.ok ? { ok: true, accessToken, key, issuer } : accessToken;
}
