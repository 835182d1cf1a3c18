/** Verified tokens without the required scopes: not granted, under another name, or in a form or claim that is not read (RFC 6749 section 3.3). */

import { readHeldScopes } from '../../../authorization/scope.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import type { Claims } from '../../../config/values/claim-path.ts';
import { quoteValue } from '../../terminal.ts';
import { requirementOf } from '../checks/token-facts.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';
import { adviseOnOtherClaim } from './other-scope-claim.ts';
import { adviseOnAbsentPath, adviseOnScopeForm, scopeClaimOf } from './scope-claim.ts';

/** @returns advice on `insufficient_scope`. */
export function adviseOnScope(denied: DeniedRequest): Advice | undefined {
  const { evaluation, route, jws } = denied;
  const { match, decision, request, credentials } = evaluation;
  if (!match?.ok) return undefined;
  const requirement = requirementOf(match, route, request.method);
  const needed = requirement.ok ? requirement.scopes : [];
  const held = decision?.verified && readHeldScopes(route, decision.verified);
  const missing = needed.filter(scope => !held?.all.has(scope));
  const claims = jws?.claims ?? {};
  const read = scopeClaimOf(route, claims, credentials?.issuer);
  return (
    adviseOnScopeForm(claims, read, missing) ??
    adviseOnOtherClaim(denied, read, missing) ??
    adviseOnAbsentPath(claims, read, credentials?.issuer) ??
    adviseOnName(denied, claims, [...(held?.own ?? [])], missing) ?? {
      cause: `the client did not ask for ${missing.join(' ')}, or may not have ${missing.length > 1 ? 'them' : 'it'}`,
      remedy: { text: `let the client ask for scope "${needed.join(' ')}", and the issuer grant it` },
    }
  );
}

/** The token has another spelling of a missing scope. If it is the same scope, the YAML must name it as the issuer does. */
function adviseOnName(
  { route }: DeniedRequest,
  claims: Claims,
  held: readonly string[],
  missing: readonly string[],
): Advice | undefined {
  const path = ['routes', route.key, 'scopes'];
  for (const scope of missing) {
    const folded = held.find(value => value !== scope && value.toLowerCase() === scope.toLowerCase());
    if (folded !== undefined) {
      const cause = `the token has ${quoteValue(folded)}, which differs from ${quoteValue(scope)} in letter case`;
      return {
        cause,
        remedy: { text: `write ${quoteValue(folded)}, if that is how the issuer names this scope`, path },
      };
    }
    const other = held.find(value => isPathOf(value, scope) || isPathOf(scope, value));
    if (other !== undefined) return adviseOnPrefix(claims, other, scope, path);
  }
  return undefined;
}

function adviseOnPrefix(claims: Claims, held: string, scope: string, path: readonly string[]): Advice {
  const isShort = scope.length > held.length;
  const known = isShort ? recogniseProduct(String(claims['iss'])).shortScopes : undefined;
  const what = isShort ? 'the last part of' : 'the same name behind a URI as';
  return {
    cause: `the token has ${quoteValue(held)}, ${what} ${quoteValue(scope)}${known === undefined ? '' : `: ${known}`}`,
    remedy: { text: `write ${quoteValue(held)}, as the issuer does, if both are one scope of this API`, path },
  };
}

/** `api://orders/read` of `read`. */
function isPathOf(long: string, short: string): boolean {
  return short !== '' && long.includes('/') && long.endsWith(`/${short}`);
}
