/** What a line tells of the token of its request: every verification that it may stand for, or why it tells too little. */

import type { Issuer } from '../../config/config.ts';
import { deny } from '../../denial.ts';
import type { TokenReason } from '../../token/access-token.ts';
import { judgeTime } from '../../token/claims.ts';
import type { Verification } from '../../token/verifier.ts';
import { type LoggedClaims, type LogLine, NO_ROUTE } from './log-line.ts';
import type { Unknown } from './unknown.ts';

/** As `telemetry/log.ts` cuts them. */
const LONGEST_CLAIM = 1_024;
const MOST_AUDIENCES = 64;
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

/**
 * A line without claims keeps the reason of its token: keys, algorithms and clocks are taken to be what they were.
 *
 * @param issuers those of the new configuration.
 * @returns one verification; two where the `typ` of the token decides and the log does not hold it.
 */
export function readEvidence(line: LogLine, issuers: ReadonlyMap<string, Issuer>): readonly Verification[] | Unknown {
  if (line.claims) return readVerified(line, line.claims, issuers.get(line.claims.issuer));
  const wasPublic = line.resource === undefined && line.enforcement === undefined;
  if (line.route === NO_ROUTE || wasPublic) return { unknown: 'token_not_read' };
  if (line.reason === 'untrusted_issuer') return { unknown: 'issuer_not_logged' };
  return isTokenReason(line.reason) ? [deny(line.reason)] : { unknown: 'token_reason_not_logged' };
}

function readVerified(
  line: LogLine,
  claims: LoggedClaims,
  issuer: Issuer | undefined,
): readonly Verification[] | Unknown {
  if (isCut(claims)) return { unknown: 'claims_cut' };
  const scopes = readScopes(claims.scope);
  return listTypes(line, issuer).map(typeAccepted => {
    const { issuer, audience, expiresAt } = claims;
    // It verified, so it was past its `nbf` and `iat`.
    const times = { expiresAt, notBefore: undefined, issuedAt: undefined };
    // The line was written when the response had closed, which for a stream may be long after the token expired.
    return judgeTime(
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

function isCut({ audience, scope }: LoggedClaims): boolean {
  if (audience.length >= MOST_AUDIENCES || scope.length >= LONGEST_CLAIM) return true;
  return audience.some(value => value.length >= LONGEST_CLAIM);
}

/** @returns every value that `typeAccepted` may have. An issuer with the default `token_types` is taken not to have changed them. */
function listTypes(line: LogLine, issuer: Issuer | undefined): readonly boolean[] {
  if (line.reason !== 'wrong_token_type') return wasTypeAccepted(line) ? [true] : [true, false];
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
