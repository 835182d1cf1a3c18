/** The `WWW-Authenticate` value of a refusal (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1). */

import type { ProtectedRoute } from '../config/config.ts';
import { REFUSALS, type Reason } from '../denial.ts';
import { protectedResourceMetadataUrl } from './metadata.ts';

/** Kept, since parsing the resource URI for each refusal would cost more than forwarding a request. */
const metadataUrls = new WeakMap<ProtectedRoute, string>();

/**
 * @param scopes all that the operation needs, so that one new token is enough. A route with `metadata.scopes` names those:
 *   its clients ask for other scopes than the tokens then hold.
 * @param furtherScopes named beside them: of a tool, and, with `challenge: cumulative`, those of the token. Each is a scope-token.
 * @returns the challenge; `undefined` for a reason that has none. It holds only text from the table of refusals and from the
 *   configuration, in which no character needs quoting (checked at load).
 */
export function createChallenge(
  reason: Reason,
  route: ProtectedRoute,
  scopes: readonly string[],
  furtherScopes: readonly string[] = [],
): string | undefined {
  const refusal = REFUSALS[reason];
  if (!('challenge' in refusal)) return undefined;
  const { challenge } = refusal;
  const error = challenge ? [`error="${challenge.error}"`, `error_description="${challenge.description}"`] : [];
  const asked = listScopes(reason, route, scopes, furtherScopes);
  const scope = asked.length > 0 ? [`scope="${asked.join(' ')}"`] : [];
  const metadata = `resource_metadata="${metadataUrlOf(route)}"`;
  return `Bearer ${[...error, ...scope, metadata].join(', ')}`;
}

function listScopes(
  reason: Reason,
  { metadata, mcp }: ProtectedRoute,
  scopes: readonly string[],
  furtherScopes: readonly string[],
): readonly string[] {
  const asked = (reason === 'missing_token' ? mcp?.initialScopes : undefined) ?? metadata.scopes ?? scopes;
  return furtherScopes.length === 0 ? asked : [...new Set([...asked, ...furtherScopes])];
}

function metadataUrlOf(route: ProtectedRoute): string {
  const url = metadataUrls.get(route) ?? protectedResourceMetadataUrl(route.resource);
  metadataUrls.set(route, url);
  return url;
}
