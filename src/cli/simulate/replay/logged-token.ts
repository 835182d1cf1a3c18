/** Log entry → the verification results that are possible for its token, or why they are not known. */

import type { Issuer, Route } from '../../../config/config.ts';
import type { Claims } from '../../../config/values/claim-path.ts';
import { deny, isDecidedWithin, isReason } from '../../../denial.ts';
import { NO_ROUTE } from '../../../telemetry/finished-request.ts';
import type { AccessToken, TokenReason } from '../../../token/access-token.ts';
import { checkTime, mediaType } from '../../../token/claims.ts';
import { addImpliedScopes } from '../../../token/scopes.ts';
import type { Verification } from '../../../token/verifier.ts';
import type { LogEntry, LoggedClaims } from '../log/log-entry.ts';
import { listPossibleClaims } from './logged-claims.ts';
import type { LoggedRevocation } from './logged-revocation.ts';
import type { RecordedConfig } from './recorded-config.ts';
import type { Unknown } from './unknown.ts';

const DEFAULT_TYPE = 'at+jwt';

/** Whether a change of the issuer's keys or algorithms could change the reason. */
const DEPENDS_ON_KEYS: Readonly<Record<TokenReason, boolean>> = {
  missing_token: false,
  malformed_credentials: false,
  malformed_token: false,
  untrusted_issuer: true,
  keys_unavailable: true,
  unknown_key: true,
  bad_signature: true,
  inactive_token: true,
  revoked_token: true,
  token_expired: true,
  token_not_yet_valid: true,
};

/** Of a token whose signature was good: the claims of the entry are judged. Whatever else a token was refused for, its claims prove nothing. */
const JUDGED_AGAIN: readonly TokenReason[] = ['revoked_token', 'token_expired', 'token_not_yet_valid'];

export interface IssuerRules {
  /** The issuers of the configuration that the log is replayed under. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly revocation: LoggedRevocation;
  /** `undefined`: keys, algorithms, `token_types` and the claims that scopes and audience are read from are assumed to be unchanged. */
  readonly recorded: RecordedConfig | undefined;
  /** Whether `kind` may have been left out of the log. */
  readonly isKindOmitted: boolean;
}

/**
 * An entry without claims keeps the reason of its token. `untrusted_issuer` is kept only where the recorded configuration
 * is known and the new one trusts no issuer in addition, since the log does not hold the issuer.
 *
 * @param route the route of the request under the new configuration.
 * @returns one result; two where the `typ` of the token decides and the log does not hold it.
 */
export function readLoggedToken(entry: LogEntry, route: Route, rules: IssuerRules): readonly Verification[] | Unknown {
  if (entry.claims === 'omitted') return { unknown: 'field_omitted' };
  if (entry.claims) {
    const { reason } = entry;
    const isDecided = isTokenReason(reason) && !JUDGED_AGAIN.includes(reason);
    return isDecided
      ? readUnverified(entry.route, reason, route, rules.recorded)
      : readVerified(entry, entry.claims, route, rules);
  }
  const wasPublic = entry.resource === undefined && entry.enforcement === undefined;
  const wasEarly = isReason(entry.reason) && isDecidedWithin(entry.reason, 'request', 'origin');
  if (entry.route === NO_ROUTE || wasPublic || wasEarly) return { unknown: 'token_not_read' };
  if (!isTokenReason(entry.reason)) return { unknown: 'token_reason_not_logged' };
  return readUnverified(entry.route, entry.reason, route, rules.recorded);
}

function readUnverified(
  key: string,
  reason: TokenReason,
  route: Route,
  recorded: RecordedConfig | undefined,
): readonly Verification[] | Unknown {
  if (reason === 'untrusted_issuer') {
    return recorded?.keepsDistrust(key, route) ? [deny(reason)] : { unknown: 'issuer_not_logged' };
  }
  if (reason === 'revoked_token') {
    return recorded?.keepsRevoked ? [deny(reason)] : { unknown: 'revocation_not_logged' };
  }
  const isKept = !recorded || recorded.keepsSignatures || !DEPENDS_ON_KEYS[reason];
  return isKept ? [deny(reason)] : { unknown: 'issuer_rules' };
}

function readVerified(
  entry: LogEntry,
  claims: LoggedClaims,
  route: Route,
  rules: IssuerRules,
): readonly Verification[] | Unknown {
  if (claims.isCut) return { unknown: 'claims_cut' };
  if (rules.recorded?.keepsIssuer(claims.issuer) === false) return { unknown: 'issuer_rules' };
  const issuer = rules.issuers.get(claims.issuer);
  if (issuer?.audienceClaim === 'client_id' && claims.audience.length > 1) return { unknown: 'audiences_joined' };
  const tokens = listScopeSets(entry, claims, route, rules).flatMap(scopes =>
    listTypes(entry, claims, rules).flatMap(typeAccepted =>
      listClaims(entry, claims, route, scopes, rules).map(each => ({
        ...buildToken(entry, claims, scopes, issuer),
        typeAccepted,
        claims: each,
      })),
    ),
  );
  const ofEachKind = listKinds(entry, claims, rules).flatMap(kind => tokens.map(token => ({ ...token, kind })));
  const leeway = (issuer?.leeway ?? 0) / 1000;
  const revoked = rules.revocation.judge(claims, entry.time / 1000 + leeway);
  return ofEachKind.flatMap(token =>
    revoked.flatMap((isRevoked): readonly Verification[] => {
      if (isRevoked) return [{ ...deny('revoked_token'), kind: token.kind, verified: token }];
      return listTimes(entry, claims).map(time => checkTime(token, time));
    }),
  );
}

/**
 * The entry was written when the response had closed, for a stream possibly long after the token expired. A token that had
 * expired had done so by then: its duration is rounded.
 *
 * @returns when the token was judged; without the duration also the last moment at which it was good.
 */
function listTimes({ time, reason, durationMs }: LogEntry, { expiresAt }: LoggedClaims): readonly number[] {
  if (reason === 'token_expired') return [time];
  if (durationMs !== undefined) return [time - durationMs];
  const lastGood = expiresAt * 1000 - 1;
  return time <= lastGood ? [time] : [time, lastGood];
}

/** @returns every possible `kind`. It is judged before all else of a token, so most outcomes say that there was none. */
function listKinds(entry: LogEntry, { kind }: LoggedClaims, { isKindOmitted }: IssuerRules) {
  if (kind !== undefined || !isKindOmitted) return [kind];
  return entry.reason !== 'wrong_token_type' && wasTypeAccepted(entry) ? [undefined] : [undefined, 'omitted'];
}

function buildToken(
  { reason }: LogEntry,
  { issuer: name, type, audience, expiresAt }: LoggedClaims,
  scopes: ReadonlySet<string>,
  issuer: Issuer | undefined,
): Omit<AccessToken, 'typeAccepted' | 'claims' | 'kind'> {
  return {
    ok: true,
    issuer: name,
    type,
    audience,
    secondAudience: undefined,
    scopes,
    allScopes: issuer ? addImpliedScopes(scopes, issuer.impliedScopes) : scopes,
    scopeSource: { paths: undefined, separator: ' ' },
    expiresAt,
    validUntil: expiresAt + (issuer?.expiryLeeway ?? 0) / 1000,
    // The log has neither `nbf` nor `iat`, but whether they had passed then.
    validFrom: reason === 'token_not_yet_valid' ? Number.POSITIVE_INFINITY : 0,
  };
}

function listClaims(
  entry: LogEntry,
  claims: LoggedClaims,
  route: Route,
  scopes: ReadonlySet<string>,
  { recorded }: IssuerRules,
): readonly Claims[] {
  if (route.public) return [claims.whole];
  return listPossibleClaims(entry, claims, route, scopes, {
    isKept: recorded?.keepsClaims(entry.route, route) === true,
    mayBeExcused: recorded?.excusesClaims(entry.route) === true,
  });
}

/** @returns the scopes of the log; none and all that the route knows where they would be read from another claim now. */
function listScopeSets(
  entry: LogEntry,
  { scope }: LoggedClaims,
  route: Route,
  { recorded }: IssuerRules,
): readonly ReadonlySet<string>[] {
  if (route.public || recorded?.keepsScopePaths(entry.route, route) !== false) return [splitScopes(scope)];
  return [new Set(), new Set(route.scopeRules.flatMap(rule => rule.scopes))];
}

/** The scopes of the previous entry: most tokens of a log have the same, and building a set costs more than the decision. */
let last = { text: '', scopes: new Set<string>() };

function splitScopes(text: string): ReadonlySet<string> {
  if (text !== last.text) last = { text, scopes: new Set(text.split(' ').filter(scope => scope !== '')) };
  return last.scopes;
}

/**
 * @returns every possible `typeAccepted`: one where the log has the `typ`. Without it, an issuer with the default `token_types`
 *   is assumed to have had it then, too.
 */
function listTypes(
  entry: LogEntry,
  { issuer: name, type }: LoggedClaims,
  { issuers, recorded }: IssuerRules,
): readonly boolean[] {
  if (type !== undefined) return [issuers.get(name)?.tokenTypes.has(mediaType(type)) ?? true];
  // A token that its issuer was asked about may have been opaque, which has no type that could be wrong.
  if (issuers.get(name)?.introspection && entry.reason !== 'wrong_token_type') return [true];
  if (entry.reason !== 'wrong_token_type') return wasTypeAccepted(entry) ? [true] : [true, false];
  if (recorded?.keepsTypes(name)) return [false];
  const issuer = issuers.get(name);
  const isDefault = !issuer || (issuer.tokenTypes.size === 1 && issuer.tokenTypes.has(DEFAULT_TYPE));
  return isDefault ? [false] : [false, true];
}

/** The type is checked before audience and scope, and on `enforce` nothing is granted without it. */
function wasTypeAccepted({ outcome, reason, enforcement, isExcused }: LogEntry): boolean {
  if (outcome === 'forwarded') return true;
  if (isReason(reason) && isDecidedWithin(reason, 'audience', 'scope')) return true;
  if (isReason(reason) && isDecidedWithin(reason, 'exchange', 'exchange')) return true;
  return enforcement === 'enforce' && reason !== 'method_not_allowed' && !isExcused;
}

function isTokenReason(reason: string | undefined): reason is TokenReason {
  return isReason(reason) && isDecidedWithin(reason, 'credentials', 'token');
}
