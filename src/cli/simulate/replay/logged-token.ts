/** Log entry → the verification results that are possible for its token, or why they are not known. */

import type { Issuer, Route } from '../../../config/config.ts';
import { deny, isDecidedWithin, isReason } from '../../../denial.ts';
import { NO_ROUTE } from '../../../telemetry/finished-request.ts';
import type { TokenReason } from '../../../token/access-token.ts';
import { checkTime } from '../../../token/claims.ts';
import type { Verification } from '../../../token/verifier.ts';
import type { LogEntry, LoggedClaims } from '../log/log-entry.ts';
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
  token_expired: true,
  token_not_yet_valid: true,
};

export interface IssuerRules {
  /** The issuers of the configuration that the log is replayed under. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** `undefined`: keys, algorithms, `token_types` and `scope_claim` are assumed to be unchanged. */
  readonly recorded: RecordedConfig | undefined;
}

/**
 * An entry without claims keeps the reason of its token. `untrusted_issuer` is kept only where the recorded configuration
 * is known and the new one trusts no issuer in addition, since the log does not hold the issuer.
 *
 * @param route the route of the request under the new configuration.
 * @returns one result; two where the `typ` of the token decides and the log does not hold it.
 */
export function readLoggedToken(entry: LogEntry, route: Route, rules: IssuerRules): readonly Verification[] | Unknown {
  if (entry.claims) return readVerified(entry, entry.claims, rules);
  const wasPublic = entry.resource === undefined && entry.enforcement === undefined;
  if (entry.route === NO_ROUTE || wasPublic) return { unknown: 'token_not_read' };
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
  const isKept = !recorded || recorded.keepsSignatures || !DEPENDS_ON_KEYS[reason];
  return isKept ? [deny(reason)] : { unknown: 'issuer_rules' };
}

function readVerified(entry: LogEntry, claims: LoggedClaims, rules: IssuerRules): readonly Verification[] | Unknown {
  if (claims.isCut) return { unknown: 'claims_cut' };
  if (rules.recorded?.keepsIssuer(claims.issuer) === false) return { unknown: 'issuer_rules' };
  const scopes = splitScopes(claims.scope);
  return listTypes(entry, claims.issuer, rules).map(typeAccepted => {
    const { issuer, audience, expiresAt } = claims;
    // It verified then, so its `nbf` and `iat` had passed.
    const times = { expiresAt, notBefore: undefined, issuedAt: undefined };
    // The entry was written when the response had closed, for a stream possibly long after the token expired.
    return checkTime(
      { ok: true, issuer, typeAccepted, audience, scopes, ...times, claims: {} },
      entry.time - entry.durationMs,
    );
  });
}

/** The scopes of the previous entry: most tokens of a log have the same, and building a set costs more than the decision. */
let last = { text: '', scopes: new Set<string>() };

function splitScopes(text: string): ReadonlySet<string> {
  if (text !== last.text) last = { text, scopes: new Set(text.split(' ').filter(scope => scope !== '')) };
  return last.scopes;
}

/** @returns every possible `typeAccepted`. An issuer with the default `token_types` is assumed to have had it then, too. */
function listTypes(entry: LogEntry, name: string, { issuers, recorded }: IssuerRules): readonly boolean[] {
  if (entry.reason !== 'wrong_token_type') return wasTypeAccepted(entry) ? [true] : [true, false];
  if (recorded?.keepsTypes(name)) return [false];
  const issuer = issuers.get(name);
  const isDefault = !issuer || (issuer.tokenTypes.size === 1 && issuer.tokenTypes.has(DEFAULT_TYPE));
  return isDefault ? [false] : [false, true];
}

/** The type is checked before audience and scope, and on `enforce` nothing is granted without it. */
function wasTypeAccepted({ outcome, reason, enforcement }: LogEntry): boolean {
  if (outcome === 'forwarded') return true;
  if (isReason(reason) && isDecidedWithin(reason, 'audience', 'scope')) return true;
  return enforcement === 'enforce' && reason !== 'method_not_allowed';
}

function isTokenReason(reason: string | undefined): reason is TokenReason {
  return isReason(reason) && isDecidedWithin(reason, 'credentials', 'token');
}
