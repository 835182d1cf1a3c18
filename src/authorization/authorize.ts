/**
 * (route, access token) → grant or denial. `authorize` is the only function that makes a `Grant`, and `upstream/` takes
 * nothing else, so code that forwards without an audience decision does not compile. Pure: no clock, no socket, no key.
 */

import type { ProtectedRoute } from '../config/config.ts';
import { type Denial, deny, isRefused, type Reason } from '../denial.ts';
import type { Match } from '../route/match.ts';
import type { AccessToken, TokenReason } from '../token/access-token.ts';
import { type AudienceIndex, findWrongAudience, type PresentedAudience } from './audience.ts';
import { findRequirements, type Requirement } from './scope.ts';

const granted = Symbol('granted');

/** Permission to forward one request. */
export interface Grant {
  readonly [granted]: true;
  readonly match: Match;
  /** The verified token, for identity headers; absent on a public route, and for a request whose token did not verify. */
  readonly identity: AccessToken | undefined;
  /** Why the request would be denied in a stricter mode. */
  readonly reported: Reason | undefined;
  /** All scopes that the operation needs, for the challenge if the token expires before the response begins. */
  readonly scopes: readonly string[];
}

export type Decision = Granted | Denied;

interface Evaluated {
  /** The token, where it verified: signature, issuer of this route, time. */
  readonly verified: AccessToken | undefined;
}

export interface Granted extends Evaluated {
  readonly grant: Grant;
  /** A denial that the mode of the route only reports; `undefined` for a request that every mode forwards. */
  readonly denial: AuthorizationDenial | undefined;
}

export interface Denied extends Evaluated {
  readonly grant: undefined;
  readonly denial: AuthorizationDenial;
}

export interface AuthorizationDenial extends Denial {
  /** With `wrong_audience`: the value of the label `presented`. */
  readonly presented: PresentedAudience | undefined;
  /** All scopes that the operation needs, for the challenge. */
  readonly scopes: readonly string[];
  /** With `method_not_allowed`: the methods that are allowed. */
  readonly allow: readonly string[];
}

/**
 * Checks method, token, type, audience and scope, in the order of `STAGES`. The first denial that the mode of the route
 * refuses decides, also after one that it only reports. If it refuses none, the request is granted.
 *
 * @param verification the verified token, or why there is none. Ignored on a public route.
 * @returns a grant, with the first of the denials that are only reported; or the denial that is refused.
 */
export function authorize(
  index: AudienceIndex,
  match: Match,
  method: string,
  verification: AccessToken | Denial<TokenReason>,
): Decision {
  const { route } = match;
  const ambiguous = match.isAmbiguous ? denialOf('ambiguous_path', {}) : undefined;
  if (route.public) return createGrant(match, undefined, ambiguous, []);
  const requirement = findRequirements(route.scopeRules, method, [match.rest, ...match.otherRests]);
  const verified = verification.ok && route.issuers.has(verification.issuer) ? verification : undefined;
  let reported = ambiguous;
  for (const denial of findDenials(index, route, requirement, verification)) {
    if (isRefused(denial.reason, route.enforcement)) return { grant: undefined, denial, verified };
    reported ??= denial;
  }
  return createGrant(match, verified, reported, requirement.ok ? requirement.scopes : []);
}

/** Lists every denial, in the order of the checks. */
function* findDenials(
  index: AudienceIndex,
  route: ProtectedRoute,
  requirement: Requirement,
  token: AccessToken | Denial<TokenReason>,
): Generator<AuthorizationDenial> {
  if (!requirement.ok) yield denialOf('method_not_allowed', { allow: requirement.allow });
  const scopes = requirement.ok ? requirement.scopes : [];
  if (!token.ok) return yield denialOf(token.reason, { scopes });
  if (!route.issuers.has(token.issuer)) yield denialOf('untrusted_issuer', { scopes });
  if (!token.typeAccepted) yield denialOf('wrong_token_type', { scopes });
  const presented = findWrongAudience(route, token.audience, index);
  if (presented !== undefined) yield denialOf('wrong_audience', { scopes, presented });
  if (!scopes.every(scope => token.scopes.has(scope))) yield denialOf('insufficient_scope', { scopes });
}

function denialOf(
  reason: Reason,
  { presented, scopes = [], allow = [] }: Partial<Omit<AuthorizationDenial, 'ok' | 'reason'>>,
): AuthorizationDenial {
  return { ...deny(reason), presented, scopes, allow };
}

function createGrant(
  match: Match,
  verified: AccessToken | undefined,
  denial: AuthorizationDenial | undefined,
  scopes: readonly string[],
): Granted {
  const grant: Grant = { [granted]: true, match, identity: verified, reported: denial?.reason, scopes };
  return { grant, denial, verified };
}
