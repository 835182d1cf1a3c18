/**
 * (route, access token) → grant or denial. `authorize` is the only function that makes a `Grant`, and `upstream/` takes
 * nothing else, so code that forwards without an audience decision does not compile. Pure: no clock, no socket, no key.
 */

import type { ProtectedRoute } from '../config/config.ts';
import { type Denial, deny, isRefused, type Reason } from '../denial.ts';
import type { Match } from '../route/match.ts';
import type { AccessToken, TokenDenial } from '../token/access-token.ts';
import { type AudienceIndex, findWrongAudienceOf, type PresentedAudience } from './audience.ts';
import { findWrongClaim } from './required-claims.ts';
import { findRequirements, type HeldScopes, type Requirement, readHeldScopes } from './scope.ts';

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
  /** The token, where it verified: signature, issuer of this route, time; also where it has expired since. */
  readonly verified: AccessToken | undefined;
  /** The scopes that were compared, as the token has them. */
  readonly scopes: ReadonlySet<string> | undefined;
}

const NOT_EVALUATED: Evaluated = { verified: undefined, scopes: undefined };

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
 * Checks method, token, type, audience, claims and scope, in the order of `STAGES`. The first denial that the mode of the
 * route refuses decides, also after one that it only reports. If it refuses none, the request is granted.
 *
 * @param verification the verified token, or why there is none. Ignored on a public route.
 * @returns a grant, with the first of the denials that are only reported; or the denial that is refused.
 */
export function authorize(
  index: AudienceIndex,
  match: Match,
  method: string,
  verification: AccessToken | TokenDenial,
): Decision {
  const { route } = match;
  const ambiguous = match.isAmbiguous ? denialOf('ambiguous_path', {}) : undefined;
  if (route.public) return createGrant(match, undefined, ambiguous, [], NOT_EVALUATED);
  const requirement = findRequirements(route.scopeRules, method, [match.rest, ...match.otherRests]);
  const verified = findVerified(route, verification);
  const held = verified && readHeldScopes(route, verified);
  const evaluated: Evaluated = { verified, scopes: held?.own };
  let reported = ambiguous;
  for (const denial of findDenials(index, route, requirement, verification, held)) {
    if (isRefused(denial.reason, route.enforcement)) return createDenied(denial, evaluated);
    reported ??= denial;
  }
  const identity = verification.ok ? verified : undefined;
  return createGrant(match, identity, reported, requirement.ok ? requirement.scopes : [], evaluated);
}

/** A token of an issuer that the route does not trust is nobody's word here: it is not logged either. */
function findVerified(route: ProtectedRoute, verification: AccessToken | TokenDenial): AccessToken | undefined {
  const token = verification.ok ? verification : verification.expired;
  return token && route.issuers.has(token.issuer) ? token : undefined;
}

/**
 * Lists every denial, in the order of the checks. The kind of a token comes before its time, so that an expired ID token is
 * told as what it is; where the mode only reports that, its time is still judged.
 */
function* findDenials(
  index: AudienceIndex,
  route: ProtectedRoute,
  requirement: Requirement,
  token: AccessToken | TokenDenial,
  held: HeldScopes | undefined,
): Generator<AuthorizationDenial> {
  if (!requirement.ok) yield denialOf('method_not_allowed', { allow: requirement.allow });
  const scopes = requirement.ok ? requirement.scopes : [];
  if (token.kind !== undefined) yield denialOf('wrong_token_type', { scopes });
  if (!token.ok) return yield denialOf(token.reason, { scopes });
  if (!route.issuers.has(token.issuer)) yield denialOf('untrusted_issuer', { scopes });
  if (!token.typeAccepted) yield denialOf('wrong_token_type', { scopes });
  const presented = findWrongAudienceOf(route, token, index);
  if (presented !== undefined) yield denialOf('wrong_audience', { scopes, presented });
  if (findWrongClaim(route.requiredClaims, token.claims)) yield denialOf('wrong_claim', { scopes });
  if (!scopes.every(scope => held?.all.has(scope))) yield denialOf('insufficient_scope', { scopes });
}

function denialOf(
  reason: Reason,
  { presented, scopes = [], allow = [] }: Partial<Omit<AuthorizationDenial, 'ok' | 'reason'>>,
): AuthorizationDenial {
  return { ...deny(reason), presented, scopes, allow };
}

function createGrant(
  match: Match,
  identity: AccessToken | undefined,
  denial: AuthorizationDenial | undefined,
  needed: readonly string[],
  { verified, scopes }: Evaluated,
): Granted {
  const grant: Grant = { [granted]: true, match, identity, reported: denial?.reason, scopes: needed };
  return { grant, denial, verified, scopes };
}

function createDenied(denial: AuthorizationDenial, { verified, scopes }: Evaluated): Denied {
  return { grant: undefined, denial, verified, scopes };
}
