/** Everything that a route has against a request and its token, in the order of `STAGES`. Whether that is refused is decided in authorize.ts. */

import type { ProtectedRoute } from '../config/config.ts';
import { type Denial, deny, type Reason } from '../denial.ts';
import type { McpRequest } from '../mcp/mcp-request.ts';
import type { McpMessage } from '../mcp/message.ts';
import { hasMethod } from '../mcp/revision.ts';
import type { AccessToken, TokenDenial } from '../token/access-token.ts';
import { type AudienceIndex, findWrongAudienceOf, type PresentedAudience } from './audience.ts';
import { findMcpRequirement, listNamedScopes } from './mcp-scopes.ts';
import { findWrongClaim } from './required-claims.ts';
import type { HeldScopes, Requirement } from './scope.ts';

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

/** What is asked of which route. */
export interface Operation {
  readonly route: ProtectedRoute;
  readonly method: string;
  readonly requirement: Requirement;
  readonly asked: McpRequest | undefined;
}

/**
 * Lists every denial, in the order of the checks. The kind of a token comes before its time, so that an expired ID token is
 * told as what it is; where the mode only reports that, its time is still judged. No reason is listed twice.
 */
export function* findDenials(
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
  if (!token.typeAccepted && token.kind === undefined) yield denialOf('wrong_token_type', { scopes });
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
export const METHOD_OF_NO_REVISION = denialOf('method_not_allowed', { allow: ['POST'] });

export function denialOf(
  reason: Reason,
  fields: Partial<Omit<AuthorizationDenial, 'ok' | 'reason'>>,
): AuthorizationDenial {
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
