/**
 * The heart: (route, access token) → grant. The only function that makes a `Grant`, and the upstream room takes nothing
 * else, so forwarding without an audience decision does not compile. Pure: no clock, no socket, no key.
 */

import type { ProtectedRoute } from '../config/config.ts';
import { type Denial, deny, isRefused, type Reason } from '../denial.ts';
import type { Match } from '../route/match.ts';
import type { AccessToken, TokenReason } from '../token/access-token.ts';
import { type AudienceIndex, findWrongAudience, type PresentedAudience } from './audience.ts';
import { findRequirements, type Requirement } from './scope.ts';

const granted = Symbol('granted');

/** Leave to forward one request. */
export interface Grant {
  readonly [granted]: true;
  readonly match: Match;
  /** Whom the request comes from; absent on a public route, and where the rung lets pass what did not verify. */
  readonly identity: AccessToken | undefined;
  /** What the route's rung only reports. */
  readonly reported: Reason | undefined;
  /** ALL scopes that the operation needs, for the challenge once the token has expired. */
  readonly scopes: readonly string[];
}

export type Decision = Forwarded | Denied;

interface Judged {
  /** The token, once it verified: signature, issuer of this route, time. */
  readonly verified: AccessToken | undefined;
}

export interface Forwarded extends Judged {
  readonly grant: Grant;
  /** What the route's rung only reports; absent for a request that every rung would forward. */
  readonly denial: AuthorizationDenial | undefined;
}

export interface Denied extends Judged {
  readonly grant: undefined;
  readonly denial: AuthorizationDenial;
}

export interface AuthorizationDenial extends Denial {
  /** With `wrong_audience`: whom the token is really for. */
  readonly presented: PresentedAudience | undefined;
  /** ALL scopes that the operation needs, for the challenge. */
  readonly scopes: readonly string[];
  /** With `method_not_allowed`: the methods that are. */
  readonly allow: readonly string[];
}

/**
 * Judges in the order of contract section 3: method, token, audience, scope. The first denial decides, since none that
 * follows in that order is refused on a lower rung; what the rung of the route does not refuse, it reports.
 *
 * @param presented the verified token, or why there is none. Not looked at on a public route.
 */
export function authorize(
  index: AudienceIndex,
  match: Match,
  method: string,
  presented: AccessToken | Denial<TokenReason>,
): Decision {
  const { route } = match;
  const ambiguous = match.isAmbiguous ? denialOf('ambiguous_path', {}) : undefined;
  if (route.public) return forward(match, undefined, ambiguous, []);
  const requirement = findRequirements(route.scopeRules, method, [match.rest, ...match.otherRests]);
  const verified = presented.ok && route.issuers.has(presented.issuer) ? presented : undefined;
  const denial = findDenial(index, route, requirement, presented);
  if (denial && isRefused(denial.reason, route.enforcement)) return { grant: undefined, denial, verified };
  return forward(match, verified, ambiguous ?? denial, requirement.ok ? requirement.scopes : []);
}

function findDenial(
  index: AudienceIndex,
  route: ProtectedRoute,
  requirement: Requirement,
  presented: AccessToken | Denial<TokenReason>,
): AuthorizationDenial | undefined {
  if (!requirement.ok) return denialOf('method_not_allowed', { allow: requirement.allow });
  const { scopes } = requirement;
  if (!presented.ok) return denialOf(presented.reason, { scopes });
  if (!route.issuers.has(presented.issuer)) return denialOf('untrusted_issuer', { scopes });
  if (!presented.typeAccepted) return denialOf('wrong_token_type', { scopes });
  const wrongAudience = findWrongAudience(route, presented.audience, index);
  if (wrongAudience !== undefined) return denialOf('wrong_audience', { scopes, presented: wrongAudience });
  if (!scopes.every(scope => presented.scopes.has(scope))) return denialOf('insufficient_scope', { scopes });
  return undefined;
}

function denialOf(
  reason: Reason,
  { presented, scopes = [], allow = [] }: Partial<Omit<AuthorizationDenial, 'ok' | 'reason'>>,
): AuthorizationDenial {
  return { ...deny(reason), presented, scopes, allow };
}

function forward(
  match: Match,
  verified: AccessToken | undefined,
  denial: AuthorizationDenial | undefined,
  scopes: readonly string[],
): Forwarded {
  const grant: Grant = { [granted]: true, match, identity: verified, reported: denial?.reason, scopes };
  return { grant, denial, verified };
}
