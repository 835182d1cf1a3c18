/** The claims of a verified token → `AccessToken`, and whether it is valid now. Its audience is checked by `authorize`. */

import type { Issuer } from '../config/config.ts';
import { type Denial, deny } from '../denial.ts';
import type { AccessToken } from './access-token.ts';
import type { CompactJws } from './jws/compact-jws.ts';

/** Seconds that the issuer's clock may be ahead, for `nbf` and `iat`. `exp` has no leeway: no cached token outlives it. */
const LEEWAY = 30;

/**
 * @param jws with a signature that was verified by a key of `issuer`.
 * @returns the access token, or `malformed_token` where a registered claim has another shape than RFC 7519 section 4.1
 *   gives it. `aud` may be absent, since `authorize` checks it; `exp` may not (RFC 9068 section 2.2).
 */
export function readAccessToken(
  jws: Pick<CompactJws, 'type' | 'claims'>,
  issuer: Issuer,
): AccessToken | Denial<'malformed_token'> {
  const { claims } = jws;
  const { exp, nbf, iat } = claims;
  const audience = readAudience(claims['aud']);
  if (!audience || !isTime(exp) || !isOptionalTime(nbf) || !isOptionalTime(iat)) return deny('malformed_token');
  return {
    ok: true,
    issuer: issuer.issuer,
    // A token without `typ` counts as JWT: RFC 7519 section 5.1 recommends that value, and it means no more.
    typeAccepted: issuer.tokenTypes.has(mediaType(jws.type ?? 'JWT')),
    audience,
    scopes: readScopes(claims, issuer.scopeClaim),
    expiresAt: exp,
    notBefore: nbf,
    issuedAt: iat,
    claims,
  };
}

/**
 * @param now milliseconds since 1970.
 * @returns the token, `token_expired` (RFC 7519 section 4.1.4: on or after `exp`) or `token_not_yet_valid` (`nbf` or `iat`
 *   more than the leeway ahead). Checked for every request, also for a token that was verified before.
 */
export function checkTime(
  token: AccessToken,
  now: number,
): AccessToken | Denial<'token_expired' | 'token_not_yet_valid'> {
  const seconds = now / 1000;
  if (seconds >= token.expiresAt) return deny('token_expired');
  const earliest = Math.max(token.notBefore ?? 0, token.issuedAt ?? 0);
  return seconds + LEEWAY < earliest ? deny('token_not_yet_valid') : token;
}

function readAudience(aud: unknown): readonly string[] | undefined {
  if (aud === undefined) return [];
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return list.every(value => typeof value === 'string') ? list : undefined;
}

/** RFC 8693 section 4.2 has a string with spaces; some issuers write an array. Anything else grants no scope. */
function readScopes(claims: Readonly<Record<string, unknown>>, claim: string | undefined): ReadonlySet<string> {
  const value = claim === undefined ? (claims['scope'] ?? claims['scp']) : claims[claim];
  if (typeof value === 'string') return new Set(value.split(' ').filter(scope => scope !== ''));
  return Array.isArray(value) && value.every(scope => typeof scope === 'string') ? new Set(value) : new Set();
}

/** RFC 7515 section 4.1.9: case-insensitive, and `application/` may be left out where no other slash follows. */
function mediaType(type: string): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]+$)/, '');
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isOptionalTime(value: unknown): value is number | undefined {
  return value === undefined || isTime(value);
}
