/**
 * (route, access token) → grant or denial. `authorize` is the only function that makes a `Grant`, and `upstream/` takes
 * nothing else, so code that forwards without an audience decision does not compile. Pure: no clock, no socket, no key.
 */

import type { ProtectedRoute } from '../config/config.ts';
import { type Denial, deny, isRefused, type Reason } from '../denial.ts';
import type { McpRequest } from '../mcp/mcp-request.ts';
import type { McpMessage } from '../mcp/message.ts';
import type { ReadBody } from '../mcp/read-body.ts';
import { hasMethod } from '../mcp/revision.ts';
import type { Match } from '../route/match.ts';
import type { AccessToken, TokenDenial } from '../token/access-token.ts';
import { type AudienceIndex, findWrongAudienceOf, type PresentedAudience } from './audience.ts';
import { findMcpRequirement, listNamedScopes } from './mcp-scopes.ts';
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

/** Of a route with `mcp`: what the request asks for is still to be read. */
export interface Undecided extends Evaluated {
  readonly grant: undefined;
  /** The first denial that the mode of the route only reports. */
  readonly denial: AuthorizationDenial | undefined;
  /** The denial that stands whatever is read: only which scopes its challenge names depends on that. */
  readonly refused: AuthorizationDenial | undefined;
}

export interface AuthorizationDenial extends Denial {
  /** With `wrong_audience`: the value of the label `presented`. */
  readonly presented: PresentedAudience | undefined;
  /** All scopes that the operation needs by its method and path, for the challenge. */
  readonly scopes: readonly string[];
  /** What the challenge names beside them, on a route with `mcp`: the scopes of the tool, and those that the token has. */
  readonly furtherScopes: readonly string[];
  /** With `insufficient_scope` on a route with `mcp`: the first message that needs more than the token has. */
  readonly message: McpMessage | undefined;
  /** With `method_not_allowed`: the methods that are allowed. */
  readonly allow: readonly string[];
}

/**
 * Checks method, token, type, audience, claims and scope, in the order of `STAGES`. The first denial that the mode of the
 * route refuses decides, also after one that it only reports. If it refuses none, the request is granted.
 *
 * @param verification the verified token, or why there is none. Ignored on a public route.
 * @param asked what the request asks an MCP server for. Without it nothing is granted on a route with `mcp`. Ignored on others.
 * @returns a grant, with the first of the denials that are only reported; or the denial that is refused.
 */
export function authorize(
  index: AudienceIndex,
  match: Match,
  method: string,
  verification: AccessToken | TokenDenial,
  asked?: McpRequest,
): Decision {
  const { route } = match;
  const ambiguous = match.isAmbiguous ? denialOf('ambiguous_path', {}) : undefined;
  if (route.public) return authorizePublic(match, method, ambiguous, asked);
  const requirement = findRequirements(route.scopeRules, method, [match.rest, ...match.otherRests]);
  const verified = findVerified(route, verification);
  const held = verified && readHeldScopes(route, verified);
  const evaluated: Evaluated = { verified, scopes: held?.own };
  const isUnread = route.mcp !== undefined && asked === undefined;
  let reported = ambiguous;
  for (const denial of findDenials(index, { route, method, requirement, asked }, verification, held)) {
    if (isRefused(denial.reason, route.enforcement)) {
      const isNamedLater = isUnread && route.mcp?.hasRules && denial.reason === 'insufficient_scope';
      if (isNamedLater) return { grant: undefined, denial: reported, refused: denial, ...evaluated };
      return createDenied(denial, evaluated);
    }
    reported ??= denial;
  }
  if (isUnread) return { grant: undefined, denial: reported, refused: undefined, ...evaluated };
  const identity = verification.ok ? verified : undefined;
  const scopes = requirement.ok ? requirement.scopes : [];
  return createGrant({ match, identity, denial: reported, scopes, asked }, evaluated);
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
  return createGrant({ match, identity: undefined, denial, scopes: [], asked }, NOT_EVALUATED);
}

/** A token of an issuer that the route does not trust is nobody's word here: it is not logged either. */
function findVerified(route: ProtectedRoute, verification: AccessToken | TokenDenial): AccessToken | undefined {
  if (!verification.ok && verification.reason === 'token_not_yet_valid') return undefined;
  const token = verification.ok ? verification : verification.verified;
  return token && route.issuers.has(token.issuer) ? token : undefined;
}

/** What is asked of which route. */
interface Operation {
  readonly route: ProtectedRoute;
  readonly method: string;
  readonly requirement: Requirement;
  readonly asked: McpRequest | undefined;
}

/**
 * Lists every denial, in the order of the checks. The kind of a token comes before its time, so that an expired ID token is
 * told as what it is; where the mode only reports that, its time is still judged.
 */
function* findDenials(
  index: AudienceIndex,
  operation: Operation,
  token: AccessToken | TokenDenial,
  held: HeldScopes | undefined,
): Generator<AuthorizationDenial> {
  const { route, method, requirement } = operation;
  if (!requirement.ok) yield denialOf('method_not_allowed', { allow: requirement.allow });
  else if (route.mcp && !hasMethod(route.mcp.revisions, method)) yield METHOD_OF_NO_REVISION;
  const scopes = requirement.ok ? requirement.scopes : [];
  if (token.kind !== undefined) yield denialOf('wrong_token_type', { scopes });
  if (!token.ok) {
    yield denialOf(token.reason, { scopes });
    if (token.isRevoked) yield denialOf('revoked_token', { scopes });
    return;
  }
  if (!route.issuers.has(token.issuer)) yield denialOf('untrusted_issuer', { scopes });
  if (!token.typeAccepted) yield denialOf('wrong_token_type', { scopes });
  const presented = findWrongAudienceOf(route, token, index);
  if (presented !== undefined) yield denialOf('wrong_audience', { scopes, presented });
  if (findWrongClaim(route.requiredClaims, token.claims)) yield denialOf('wrong_claim', { scopes });
  yield* findLast(operation, scopes, held);
}

/** The scopes of the route, then the session, which is refused before the body is read, then the scopes of what is asked for. */
function* findLast(
  operation: Operation,
  scopes: readonly string[],
  held: HeldScopes | undefined,
): Generator<AuthorizationDenial> {
  const lacking = findLackingScope(operation, scopes, held);
  const isOfRoute = !scopes.every(scope => held?.all.has(scope));
  if (lacking && isOfRoute) yield lacking;
  if (operation.asked?.hasForeignSession) yield denialOf('session_not_found', { scopes });
  if (lacking && !isOfRoute) yield lacking;
}

/** Of the route and of what an MCP request asks for together: one new token is to be enough. */
function findLackingScope(
  { route: { mcp }, asked }: Operation,
  scopes: readonly string[],
  held: HeldScopes | undefined,
): AuthorizationDenial | undefined {
  const isEnough = scopes.every(scope => held?.all.has(scope));
  if (!mcp) return isEnough ? undefined : denialOf('insufficient_scope', { scopes });
  const { needed, refused } = findMcpRequirement(mcp, asked?.messages ?? [], held?.all);
  if (isEnough && !refused) return undefined;
  const furtherScopes = [...needed, ...listNamedScopes(mcp, held?.own)];
  return denialOf('insufficient_scope', { scopes, furtherScopes, message: refused });
}

/** RFC 9110 section 15.5.6. What an MCP server of these revisions has is POST. */
const METHOD_OF_NO_REVISION = denialOf('method_not_allowed', { allow: ['POST'] });

function denialOf(reason: Reason, fields: Partial<Omit<AuthorizationDenial, 'ok' | 'reason'>>): AuthorizationDenial {
  return {
    ...deny(reason),
    presented: undefined,
    scopes: [],
    furtherScopes: [],
    message: undefined,
    allow: [],
    ...fields,
  };
}

interface Granting extends Pick<Grant, 'match' | 'identity' | 'scopes'> {
  readonly denial: AuthorizationDenial | undefined;
  readonly asked: McpRequest | undefined;
}

function createGrant({ denial, asked, ...fields }: Granting, { verified, scopes }: Evaluated): Granted {
  const { body, isSubscription = false } = asked ?? {};
  const grant = { [granted]: true, ...fields, body, isSubscription, reported: denial?.reason } as const;
  return { grant, denial, verified, scopes };
}

function createDenied(denial: AuthorizationDenial, { verified, scopes }: Evaluated): Denied {
  return { grant: undefined, denial, verified, scopes };
}
