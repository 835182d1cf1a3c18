/**
 * The claims of a token → `AccessToken`, and whether it is valid now. The claims come from a verified JWS or from an
 * introspection answer; both are judged by the same functions. Audience, required claims and scopes are compared by `authorize`.
 */

import type { Issuer } from '../config/config.ts';
import type { Claims } from '../config/values/claim-path.ts';
import { deny } from '../denial.ts';
import type { AccessToken, TokenDenial } from './access-token.ts';
import { addImpliedScopes, readScopes } from './scopes.ts';
import { findForeignKind } from './token-kind.ts';

/** A token whose issuer vouches for its claims. */
export interface VouchedToken {
  readonly claims: Claims;
  /** `typ` of the header of a JWS. `undefined` for an opaque token, which has no type that could be wrong. */
  readonly header: { readonly type: string | undefined } | undefined;
  /** Whether `claims` are the members of an introspection answer (RFC 7662 section 2.2). */
  readonly isIntrospected: boolean;
}

/** Seconds. A time further ahead is no time of a token; milliseconds, written in place of seconds, are the year 58870. */
const MOST_AHEAD = 100 * 366 * 24 * 3600;

/**
 * @param now milliseconds since 1970.
 * @returns the access token, or `malformed_token` where a registered claim has another shape than RFC 7519 section 4.1
 *   gives it, or a time is more than 100 years ahead. `aud` may be absent, since `authorize` checks it; `exp` may not (RFC
 *   9068 section 2.2). A token of a foreign kind is no denial here: its `kind` is judged by `authorize`, before this denial.
 */
export function readAccessToken(
  { claims, header, isIntrospected }: VouchedToken,
  issuer: Issuer,
  now: number,
): AccessToken | TokenDenial<'malformed_token'> {
  const { exp, nbf, iat } = claims;
  const type = header && mediaType(header.type);
  const kind = findForeignKind(claims, type, isIntrospected);
  const audience = readAudiences(claims, issuer.audienceClaim);
  const latest = now / 1000 + MOST_AHEAD;
  if (!audience || !isTime(exp, latest) || !isOptionalTime(nbf, latest) || !isOptionalTime(iat, latest)) {
    return { ...deny('malformed_token'), kind, claims };
  }
  const scopes = readScopes(claims, issuer.scopeSource);
  return {
    ok: true,
    issuer: issuer.issuer,
    kind,
    type: header?.type,
    typeAccepted: type === undefined || issuer.tokenTypes.has(type),
    ...audience,
    scopes,
    allScopes: addImpliedScopes(scopes, issuer.impliedScopes),
    scopeSource: issuer.scopeSource,
    expiresAt: exp,
    validUntil: exp + issuer.expiryLeeway / 1000,
    validFrom: Math.max(nbf ?? 0, iat ?? 0) - issuer.leeway / 1000,
    claims,
    clearedBy: undefined,
  };
}

/**
 * @param now milliseconds since 1970.
 * @returns the token, `token_expired` (RFC 7519 section 4.1.4: on or after `exp`, with the issuer's `expiry_leeway`) or
 *   `token_not_yet_valid` (`nbf` or `iat` more than the `leeway` ahead). Checked for every request, also for a token that was
 *   verified before.
 */
export function checkTime(
  token: AccessToken,
  now: number,
): AccessToken | TokenDenial<'token_expired' | 'token_not_yet_valid'> {
  const seconds = now / 1000;
  const { kind, claims } = token;
  if (seconds >= token.validUntil) return { ...deny('token_expired'), kind, claims, verified: token };
  return seconds < token.validFrom ? { ...deny('token_not_yet_valid'), kind, claims, verified: token } : token;
}

/**
 * @returns the audience in the claim `name`, and the `aud` beside it where that is another claim: without the former the token
 *   has none. `undefined` where one of them is neither a string nor a list of strings.
 */
export function readAudiences(claims: Claims, name: Issuer['audienceClaim']) {
  const aud = readAudience(claims['aud']);
  if (name === 'aud') return aud && { audience: aud, secondAudience: undefined };
  const audience = readAudience(claims[name]);
  const hasBoth = audience?.length !== 0 && claims['aud'] !== undefined;
  return aud && audience && { audience, secondAudience: hasBoth ? aud : undefined };
}

function readAudience(aud: unknown): readonly string[] | undefined {
  if (aud === undefined) return [];
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return list.every(value => typeof value === 'string') ? list : undefined;
}

/**
 * RFC 7515 section 4.1.9: case-insensitive, and `application/` may be left out where no other slash follows. A token without
 * `typ` counts as JWT: RFC 7519 section 5.1 recommends that value, and it means no more.
 */
export function mediaType(type = 'JWT'): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]+$)/, '');
}

function isTime(value: unknown, latest: number): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value <= latest;
}

function isOptionalTime(value: unknown, latest: number): value is number | undefined {
  return value === undefined || isTime(value, latest);
}
