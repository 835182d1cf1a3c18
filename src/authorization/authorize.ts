/**
 * (route, access token) → grant or denial. `authorize` is the only function that makes a `Grant`, and `upstream/` takes
 * nothing else, so code that forwards without an audience decision does not compile. Pure: no clock, no socket, no key.
 */

import type { ProtectedRoute } from '../config/config.ts';
import { isRefused, type Reason } from '../denial.ts';
import type { McpRequest } from '../mcp/mcp-request.ts';
import type { ReadBody } from '../mcp/read-body.ts';
import { hasMethod } from '../mcp/revision.ts';
import type { Match } from '../route/match.ts';
import type { AccessToken, TokenDenial } from '../token/access-token.ts';
import type { AudienceIndex } from './audience.ts';
import { type AuthorizationDenial, denialOf, findDenials, METHOD_OF_NO_REVISION } from './denials.ts';
import { type Excused, findExcused, findLapse } from './exceptions.ts';
import { findRequirements, readHeldScopes } from './scope.ts';

const granted = Symbol('granted');

/** Permission to forward one request. */
export interface Grant {
  readonly [granted]: true;
  readonly match: Match;
  /** The verified token, for identity headers; absent on a public route, and for a request whose token did not verify. */
  readonly identity: AccessToken | undefined;
  /** Why the request would be denied in a stricter mode, or without an exception. */
  readonly reported: Reason | undefined;
  /** When the exception lapses that let it through, in milliseconds since 1970; `undefined` where it needed none. */
  readonly lapsesAt: number | undefined;
  /** All scopes that the operation needs, for the challenge if the token expires before the response begins. */
  readonly scopes: readonly string[];
  /** The body, where the decision depends on it: these bytes are forwarded. `undefined`: it is forwarded as it comes. */
  readonly body: ReadBody | undefined;
  /** Whether the answer is a stream of what an MCP server tells by itself (`subscriptions/listen`). */
  readonly isSubscription: boolean;
}

export type Decision = Granted | Denied | Undecided;

interface Evaluated {
  /** The token, where it verified: signature, issuer of this route, time; also where it has expired since, or is revoked. */
  readonly verified: AccessToken | undefined;
  /** The scopes that were compared, as the token has them. */
  readonly scopes: ReadonlySet<string> | undefined;
  /** The denials that exceptions of the route excuse, in the order of the checks; also before one that is refused. */
  readonly excused: readonly Excused[];
}

const NOT_EVALUATED: Evaluated = { verified: undefined, scopes: undefined, excused: [] };

export interface Granted extends Evaluated {
  readonly grant: Grant;
  /** A denial that the mode of the route only reports, or that is excused; `undefined` for a request that every mode forwards. */
  readonly denial: AuthorizationDenial | undefined;
}

export interface Denied extends Evaluated {
  readonly grant: undefined;
  readonly denial: AuthorizationDenial;
}

/** Of a route with `mcp`: what the request asks for is still to be read. */
export interface Undecided extends Evaluated {
  readonly grant: undefined;
  /** The first denial that the mode of the route only reports, or that is excused. */
  readonly denial: AuthorizationDenial | undefined;
  /** The denial that stands whatever is read: only which scopes its challenge names depends on that. */
  readonly refused: AuthorizationDenial | undefined;
}

/**
 * Checks method, token, type, audience, claims and scope, in the order of `STAGES`. The first denial that the mode of the
 * route refuses, and that no exception excuses, decides, also after one that is only reported. If there is none, the request is granted.
 *
 * @param verification the verified token, or why there is none. Ignored on a public route.
 * @param now milliseconds since 1970, by which exceptions lapse.
 * @param asked what the request asks an MCP server for. Without it nothing is granted on a route with `mcp`. Ignored on others.
 * @returns a grant, with the first of the denials that are only reported or excused; or the denial that is refused.
 */
export function authorize(
  index: AudienceIndex,
  match: Match,
  method: string,
  verification: AccessToken | TokenDenial,
  now: number,
  asked?: McpRequest,
): Decision {
  const { route } = match;
  const ambiguous = match.isAmbiguous ? denialOf('ambiguous_path', {}) : undefined;
  if (route.public) return authorizePublic(match, method, ambiguous, asked);
  const requirement = findRequirements(route.scopeRules, method, [match.rest, ...match.otherRests]);
  const verified = findVerified(route, verification);
  const held = verified && readHeldScopes(route, verified);
  const isUnread = route.mcp !== undefined && asked === undefined;
  const denials = findDenials(index, { route, method, requirement, asked }, verification, held);
  const { noted, excused, refused } = sortDenials(denials, route, verified, now);
  const reported = ambiguous ?? noted;
  const evaluated: Evaluated = { verified, scopes: held?.own, excused };
  if (refused) {
    const isNamedLater = isUnread && route.mcp?.hasRules && refused.reason === 'insufficient_scope';
    if (isNamedLater) return { grant: undefined, denial: reported, refused, ...evaluated };
    return createDenied(refused, evaluated);
  }
  if (isUnread) return { grant: undefined, denial: reported, refused: undefined, ...evaluated };
  const identity = verification.ok ? verified : undefined;
  const scopes = requirement.ok ? requirement.scopes : [];
  const lapsesAt = findLapse(route, excused);
  return createGrant({ match, identity, denial: reported, lapsesAt, scopes, asked }, evaluated);
}

interface SortedDenials {
  /** The first that is only reported, or excused. */
  readonly noted: AuthorizationDenial | undefined;
  readonly excused: readonly Excused[];
  /** The first that is refused. */
  readonly refused: AuthorizationDenial | undefined;
}

/** @param verified signed by an issuer of the route. Where it has expired, its client is known, and its time is judged next. */
function sortDenials(
  denials: Iterable<AuthorizationDenial>,
  route: ProtectedRoute,
  verified: AccessToken | undefined,
  now: number,
): SortedDenials {
  let noted: AuthorizationDenial | undefined;
  const excused: Excused[] = [];
  for (const denial of denials) {
    const excuse = verified && findExcused(route, verified, denial, now);
    if (excuse) excused.push(excuse);
    else if (isRefused(denial.reason, route.enforcement)) return { noted, excused, refused: denial };
    noted ??= denial;
  }
  return { noted, excused, refused: undefined };
}

/** Nobody looks at tokens; what MCP demands of a request is independent of them. */
function authorizePublic(
  match: Match,
  method: string,
  denial: AuthorizationDenial | undefined,
  asked: McpRequest | undefined,
): Decision {
  const { mcp } = match.route;
  if (mcp && !hasMethod(mcp.revisions, method)) return createDenied(METHOD_OF_NO_REVISION, NOT_EVALUATED);
  if (mcp && !asked) return { grant: undefined, denial, refused: undefined, ...NOT_EVALUATED };
  const granting = { match, identity: undefined, denial, lapsesAt: undefined, scopes: [], asked };
  return createGrant(granting, NOT_EVALUATED);
}

/** A token of an issuer that the route does not trust is nobody's word here: it is not logged either. */
function findVerified(route: ProtectedRoute, verification: AccessToken | TokenDenial): AccessToken | undefined {
  if (!verification.ok && verification.reason === 'token_not_yet_valid') return undefined;
  const token = verification.ok ? verification : verification.verified;
  return token && route.issuers.has(token.issuer) ? token : undefined;
}

interface Granting extends Pick<Grant, 'match' | 'identity' | 'scopes' | 'lapsesAt'> {
  readonly denial: AuthorizationDenial | undefined;
  readonly asked: McpRequest | undefined;
}

function createGrant({ denial, asked, ...fields }: Granting, evaluated: Evaluated): Granted {
  const { body, isSubscription = false } = asked ?? {};
  const grant = { [granted]: true, ...fields, body, isSubscription, reported: denial?.reason } as const;
  return { grant, denial, ...evaluated };
}

function createDenied(denial: AuthorizationDenial, evaluated: Evaluated): Denied {
  return { grant: undefined, denial, ...evaluated };
}
