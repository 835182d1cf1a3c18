/**
 * Whether the configuration revokes a token, by its claims: `revoked`. Looked for at each request, just before the time of the token, so
 * that a new entry also counts for a token that was verified, or asked about, before.
 */

import type { RevokedTokens, TokenNames } from '../config/revoked/revoked-tokens.ts';
import type { Claims } from '../config/values/claim-path.ts';
import { deny } from '../denial.ts';
import type { AccessToken, TokenDenial } from './access-token.ts';
import { readClient } from './client.ts';

/**
 * @param judged a token in time, or why it is denied.
 * @returns the same; `revoked_token` where the token is revoked, in place of what is wrong with its time. A denial that comes before
 *   that stays, and says that the token is revoked: a mode that only reports the one refuses the other.
 */
export function refuseRevoked(revoked: RevokedTokens, judged: AccessToken | TokenDenial): AccessToken | TokenDenial {
  if (judged.ok && judged.clearedBy === revoked.number) return judged;
  if (!isRevoked(revoked, judged)) {
    if (judged.ok) judged.clearedBy = revoked.number;
    return judged;
  }
  const { kind, claims, signedClaims } = judged;
  const verified = judged.ok ? judged : judged.verified;
  if (verified) return { ...deny('revoked_token'), kind, claims, signedClaims, verified };
  return judged.ok ? judged : { ...judged, isRevoked: true };
}

/** Claims of a token whose issuer vouches for them; without any, nobody does, and nothing is revoked. */
export type VouchedClaims = Pick<AccessToken | TokenDenial, 'claims' | 'signedClaims'>;

/** @returns whether an entry fits what was signed, or what the issuer answered: an answer may leave out `jti`. */
export function isRevoked(revoked: RevokedTokens, { claims, signedClaims }: VouchedClaims): boolean {
  if (revoked.size === 0) return false;
  return [claims, signedClaims].some(each => each !== undefined && revoked.fits(readNames(each)));
}

/** @returns what entries are compared with. A claim of another type than it should have fits nothing, and an `iat` is then none. */
export function readNames(claims: Claims): TokenNames {
  const { jti, sub, iss, iat } = claims;
  return {
    jti: typeof jti === 'string' ? jti : undefined,
    sub: typeof sub === 'string' ? sub : undefined,
    iss: typeof iss === 'string' ? iss : undefined,
    clientId: readClient(claims),
    iat: typeof iat === 'number' ? iat : undefined,
  };
}
