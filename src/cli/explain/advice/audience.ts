/** Why the audience of a token is not this route's, and what to change without accepting tokens for other APIs. */

import type { ProtectedRoute } from '../../../config/config.ts';
import type { IdentityProduct } from '../../../config/lint/identity-products/identity-product.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import type { ResourceUri } from '../../../config/values/address/uri.ts';
import { findNearestDifference } from '../checks/difference.ts';
import { listAudiences } from '../checks/token-facts.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';
import { adviseOnForeign, isOtherSpelling, nameAudiences } from './foreign-audience.ts';

/** @param presented as `findWrongAudience` returns it; a decision has it only where its reason is `wrong_audience`. */
export function adviseOnAudience(
  denied: DeniedRequest,
  presented = denied.evaluation.decision?.denial?.presented ?? 'foreign',
): Advice {
  const { route, jws } = denied;
  const known = recogniseProduct(String(jws?.claims['iss']));
  const audience = listAudiences(jws?.claims ?? {}, denied.evaluation.credentials?.issuer?.audienceClaim);
  switch (presented) {
    case 'missing':
      return adviseOnAbsence(route, known, jws?.claims['jti']);
    case 'multiple':
      return adviseOnSeveral(denied, known, audience);
    case 'foreign': {
      const cause = describeSiblingSpelling(denied, audience);
      return cause ? { cause, remedy: { text: known.ask(route.resource) } } : adviseOnForeign(denied, known, audience);
    }
    default:
      return { cause: describeSibling(denied, presented), remedy: { text: known.ask(route.resource) } };
  }
}

function adviseOnAbsence({ resource }: ProtectedRoute, known: IdentityProduct, jti: unknown): Advice {
  const { lightweight } = known;
  if (lightweight && typeof jti === 'string' && lightweight.jti.test(jti)) {
    return { cause: `the token has no aud: ${lightweight.cause}`, remedy: { text: lightweight.remedy } };
  }
  const cause =
    known.withoutAudience ??
    'the token has no aud: it was not asked for any resource, or its issuer does not write one';
  return { cause, remedy: { text: `${known.ask(resource)}; a token without aud is never accepted` } };
}

function adviseOnSeveral({ route }: DeniedRequest, known: IdentityProduct, audience: readonly string[]): Advice {
  const rule = `multiple_audiences: ${route.multipleAudiences}`;
  const others = audience.filter(value => !route.audiences.has(value));
  const cause = `the token is for this resource and also for ${nameAudiences(others)}, which ${rule} refuses`;
  if (others.some(value => value.endsWith('/userinfo'))) {
    const text = 'let the client leave out the scope openid, for which the issuer adds its userinfo endpoint';
    return { cause, remedy: { text, path: ['routes', route.key, 'multiple_audiences'] } };
  }
  return { cause, remedy: { text: known.severalAudiences ?? `${known.ask(route.resource)}, and for nothing else` } };
}

function describeSibling({ evaluation, route }: DeniedRequest, resource: ResourceUri): string {
  const siblings = evaluation.config.routes.filter(each => !each.public && each.resource === resource);
  const names = siblings.map(({ key }) => `"${key}"`).join(', ');
  return `the token is for ${resource}, the resource of route ${names}, and not for ${route.resource}: a client or an API sends it to the wrong place`;
}

/** Another spelling of a sibling's audience must not be suggested as an alias of this route. */
function describeSiblingSpelling(
  { evaluation, route }: DeniedRequest,
  audience: readonly string[],
): string | undefined {
  for (const other of evaluation.config.routes) {
    if (other.public || other.resource === route.resource) continue;
    const difference = audience.map(value => findNearestDifference(value, other.audiences)).find(isOtherSpelling);
    if (difference) {
      return `the token seems to be for ${other.resource}, the resource of route "${other.key}" (${difference.words.join(', ')}), and not for ${route.resource}`;
    }
  }
  return undefined;
}
