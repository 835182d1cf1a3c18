/** What a line tells of the token of its request: every verification that it may stand for, or why it tells too little. */

import type { Issuer, Route } from '../../config/config.ts';
import { deny } from '../../denial.ts';
import type { TokenReason } from '../../token/access-token.ts';
import { checkTime } from '../../token/claims.ts';
import type { Verification } from '../../token/verifier.ts';
import { type LoggedClaims, type LogLine, NO_ROUTE } from './log-line.ts';
import type { Origin } from './origin.ts';
import type { Unknown } from './unknown.ts';

const DEFAULT_TYPE = 'at+jwt';

const TOKEN_REASONS: readonly string[] = [
  'missing_token',
  'malformed_credentials',
  'malformed_token',
  'untrusted_issuer',
  'keys_unavailable',
  'unknown_key',
  'bad_signature',
  'token_expired',
  'token_not_yet_valid',
] satisfies TokenReason[];

/** What hangs on neither keys nor algorithms. */
const BEFORE_KEYS: readonly unknown[] = ['missing_token', 'malformed_credentials', 'malformed_token'];

/** Under which rules a token is judged, and under which it was. */
export interface Rules {
  /** Those of the new configuration. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** `undefined`: keys, algorithms, `token_types` and `scope_claim` are taken to be what they were. */
  readonly origin: Origin | undefined;
}

/**
 * A line without claims keeps the reason of its token. One of `untrusted_issuer` does so only where the configuration
 * that wrote the log is known, and the new one trusts no issuer that the old one did not: its issuer is not in the log.
 *
 * @param route where the request goes now.
 * @returns one verification; two where the `typ` of the token decides and the log does not hold it.
 */
export function readEvidence(line: LogLine, route: Route, rules: Rules): readonly Verification[] | Unknown {
  if (line.claims) return readVerified(line, line.claims, rules);
  const wasPublic = line.resource === undefined && line.enforcement === undefined;
  if (line.route === NO_ROUTE || wasPublic) return { unknown: 'token_not_read' };
  if (!isTokenReason(line.reason)) return { unknown: 'token_reason_not_logged' };
  return readUnverified(line.route, line.reason, route, rules.origin);
}

function readUnverified(
  key: string,
  reason: TokenReason,
  route: Route,
  origin: Origin | undefined,
): readonly Verification[] | Unknown {
  if (reason === 'untrusted_issuer') {
    return origin?.keepsDistrust(key, route) ? [deny(reason)] : { unknown: 'issuer_not_logged' };
  }
  const isKept = !origin || origin.keepsSignatures || BEFORE_KEYS.includes(reason);
  return isKept ? [deny(reason)] : { unknown: 'issuer_rules' };
}

function readVerified(line: LogLine, claims: LoggedClaims, rules: Rules): readonly Verification[] | Unknown {
  if (claims.isCut) return { unknown: 'claims_cut' };
  if (rules.origin?.keepsIssuer(claims.issuer) === false) return { unknown: 'issuer_rules' };
  const scopes = readScopes(claims.scope);
  return listTypes(line, claims.issuer, rules).map(typeAccepted => {
    const { issuer, audience, expiresAt } = claims;
    // It verified, so it was past its `nbf` and `iat`.
    const times = { expiresAt, notBefore: undefined, issuedAt: undefined };
    // The line was written when the response had closed, which for a stream may be long after the token expired.
    return checkTime(
      { ok: true, issuer, typeAccepted, audience, scopes, ...times, claims: {} },
      line.time - line.durationMs,
    );
  });
}

/** Of the line before: nearly every token of an issuer has the same, and a set for each costs more than its judgement. */
let last = { text: '', scopes: new Set<string>() };

function readScopes(text: string): ReadonlySet<string> {
  if (text !== last.text) last = { text, scopes: new Set(text.split(' ').filter(scope => scope !== '')) };
  return last.scopes;
}

/** @returns every value that `typeAccepted` may have. An issuer with the default `token_types` is taken not to have changed them. */
function listTypes(line: LogLine, name: string, { issuers, origin }: Rules): readonly boolean[] {
  if (line.reason !== 'wrong_token_type') return wasTypeAccepted(line) ? [true] : [true, false];
  if (origin?.keepsTypes(name)) return [false];
  const issuer = issuers.get(name);
  const isDefault = !issuer || (issuer.tokenTypes.size === 1 && issuer.tokenTypes.has(DEFAULT_TYPE));
  return isDefault ? [false] : [false, true];
}

/** The type is judged before audience and scope; on `enforce` nothing was granted without it. */
function wasTypeAccepted({ outcome, reason, enforcement }: LogLine): boolean {
  if (outcome === 'forwarded' || reason === 'wrong_audience' || reason === 'insufficient_scope') return true;
  return enforcement === 'enforce' && reason !== 'method_not_allowed';
}

function isTokenReason(reason: string | undefined): reason is TokenReason {
  return reason !== undefined && TOKEN_REASONS.includes(reason);
}
