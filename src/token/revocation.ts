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
  if (judged.ok && judged.clearedBy === revoked) return judged;
  if (!isRevoked(revoked, judged.claims)) {
    if (judged.ok) judged.clearedBy = revoked;
    return judged;
  }
  const { kind, claims } = judged;
  const verified = judged.ok ? judged : judged.verified;
  if (verified) return { ...deny('revoked_token'), kind, claims, verified };
  return judged.ok ? judged : { ...judged, isRevoked: true };
}

/** @param claims of a token whose issuer vouches for them; `undefined`: nobody does, and nothing is revoked. */
export function isRevoked(revoked: RevokedTokens, claims: Claims | undefined): boolean {
  return claims !== undefined && revoked.size > 0 && revoked.fits(readNames(claims));
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
