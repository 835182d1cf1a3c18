/** A signed token (JWS) → a verified one: the issuer first, then its key, then the signature, then the shape of the claims. */

import type { Issuer } from '../../config/config.ts';
import { deny } from '../../denial.ts';
import type { AccessToken, TokenDenial } from '../access-token.ts';
import { readAccessToken } from '../claims.ts';
import type { Candidates, KeySet } from '../keys/key-set.ts';
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

type Result = VerifiedToken | TokenDenial;

/**
 * @param issuers by `iss`, and `keySets` by the same name.
 * @param now milliseconds since 1970.
 * @returns the verified token, or the first reason against it. Neither its kind, its time nor its audience is checked here. A promise
 *   only where keys are fetched first or the thread pool verifies: for most tokens it would cost more than it is good for.
 */
export function verifyJws(
  token: string,
  issuers: ReadonlyMap<string, Issuer>,
  keySets: ReadonlyMap<string, KeySet>,
  now: number,
): Result | Promise<Result> {
  const jws = readCompactJws(token);
  if (!jws.ok) return jws;
  const { iss } = jws.claims;
  const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
  if (!issuer) return deny('untrusted_issuer');
  // Such an issuer only introspects: none of its keys is known.
  if (issuer.keySource.kind === 'none') return deny('unknown_key');
  if (!issuer.algorithms.has(jws.algorithm)) return deny('bad_signature');
  const keySet = keySets.get(issuer.issuer);
  if (!keySet) return deny('keys_unavailable');
  const attempt = { token, jws, issuer, keySet, now };
  const keys = keySet.find(jws.keyId);
  return keys instanceof Promise ? keys.then(found => verifyByKeys(attempt, found)) : verifyByKeys(attempt, keys);
}

interface Attempt {
  readonly token: string;
  readonly jws: CompactJws;
  readonly issuer: Issuer;
  readonly keySet: KeySet;
  /** Milliseconds since 1970, when it came. */
  readonly now: number;
}

function verifyByKeys(attempt: Attempt, keys: Candidates): Result | Promise<Result> {
  if (!keys) return deny('keys_unavailable');
  const { token, jws } = attempt;
  const key = keys.length === 0 ? undefined : findSigningKey(token, jws.algorithm, keys);
  const conclude = (found: VerificationKey | undefined) =>
    found ? readVerified(attempt, found) : verifyByNewerKeys(attempt, keys);
  return key instanceof Promise ? key.then(conclude) : conclude(key);
}

/** No key verified the token. That may be because the keys at hand are old: then those that are newer are tried, once. */
function verifyByNewerKeys(attempt: Attempt, tried: readonly VerificationKey[]): Result | Promise<Result> {
  const newer = attempt.keySet.findNewer(attempt.jws.keyId, tried);
  return newer instanceof Promise
    ? newer.then(found => concludeByNewerKeys(attempt, tried, found))
    : concludeByNewerKeys(attempt, tried, newer);
}

function concludeByNewerKeys(
  attempt: Attempt,
  tried: readonly VerificationKey[],
  newer: Candidates,
): Result | Promise<Result> {
  if (!newer) return deny('keys_unavailable');
  if (newer.length === 0) return deny(tried.length === 0 ? 'unknown_key' : 'bad_signature');
  const key = findSigningKey(attempt.token, attempt.jws.algorithm, newer);
  const conclude = (found: VerificationKey | undefined) =>
    found ? readVerified(attempt, found) : deny('bad_signature');
  return key instanceof Promise ? key.then(conclude) : conclude(key);
}

/**
 * @param attempt whose signature `key` has verified.
 * @returns the token, or `malformed_token` where a claim has another shape than it should.
 */
export function readVerified(
  { jws, issuer, now }: Pick<Attempt, 'issuer' | 'now'> & { readonly jws: Pick<CompactJws, 'type' | 'claims'> },
  key: VerificationKey,
): Result {
  const accessToken = readAccessToken({ claims: jws.claims, header: jws, isIntrospected: false }, issuer, now);
  return accessToken.ok ? { ok: true, accessToken, key, issuer } : accessToken;
}
