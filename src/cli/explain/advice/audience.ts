/** Why a token's audience is not this route's, and what to do about it without taking in tokens that are for somebody else. */

import type { ProtectedRoute } from '../../../config/config.ts';
import type { IdentityProduct } from '../../../config/lint/identity-products/identity-product.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { findOwnAudience, nameSharedAudience } from '../../../config/lint/identity-products/shared-audience.ts';
import { quoteValue } from '../../terminal.ts';
import { type Difference, findDifference, findNearestDifference } from '../evaluate/difference.ts';
import { listText } from '../evaluate/facts.ts';
import { hasMarkOfIdToken, listClients, nameOtherKind, saysWhatIsAllowed } from '../evaluate/token-kind.ts';
import type { Advice, Case } from './case.ts';

/** @param presented as `findWrongAudience` says it; the decision does not say it of a token that was denied for something else. */
export function adviseOnAudience(each: Case, presented = each.judgement.decision?.denial?.presented): Advice {
  const { route, jws } = each;
  const known = recogniseProduct(String(jws?.claims['iss']));
  const audience = listText(jws?.claims['aud']);
  if (presented === 'missing') return adviseOnAbsence(route, known);
  if (presented === 'multiple') return adviseOnSeveral(each, known, audience);
  const sibling = presented === 'foreign' ? findSiblingTwin(each, audience) : nameSibling(each, presented);
  if (sibling) return { cause: sibling, remedy: { text: known.ask(route.resource) } };
  return adviseOnForeign(each, known, audience);
}

function adviseOnAbsence({ resource }: ProtectedRoute, known: IdentityProduct): Advice {
  const cause =
    known.withoutAudience ??
    'the token has no aud: it was not asked for any resource, or its issuer does not write one';
  return { cause, remedy: { text: `${known.ask(resource)}; a token without aud is never accepted` } };
}

function adviseOnSeveral({ route }: Case, known: IdentityProduct, audience: readonly string[]): Advice {
  const rule = `multiple_audiences: ${route.multipleAudiences}`;
  const others = audience.filter(value => !route.audiences.has(value));
  const cause = `the token is for this resource and also for ${nameAudiences(others)}, which ${rule} refuses`;
  if (others.some(value => value.endsWith('/userinfo'))) {
    const text = 'let the client leave out the scope openid, for which the issuer adds its userinfo endpoint';
    return { cause, remedy: { text, path: ['routes', route.key, 'multiple_audiences'] } };
  }
  return { cause, remedy: { text: `${known.ask(route.resource)}, and for nothing else` } };
}

function nameSibling({ judgement, route }: Case, resource: string | undefined): string | undefined {
  const siblings = judgement.config.routes.filter(each => !each.public && each.resource === resource);
  const names = siblings.map(({ key }) => `"${key}"`).join(', ');
  return `the token is for ${resource}, the resource of route ${names}, and not for ${route.resource}: a client or an API sends it to the wrong place`;
}

/** An audience that is but a spelling of a sibling's must not be taken for ours. */
function findSiblingTwin({ judgement, route }: Case, audience: readonly string[]): string | undefined {
  for (const other of judgement.config.routes) {
    if (other.public || other.resource === route.resource) continue;
    const difference = audience.map(value => findNearestDifference(value, other.audiences)).find(isTwin);
    if (difference) {
      return `the token seems to be for ${other.resource}, the resource of route "${other.key}" (${difference.words.join(', ')}), and not for ${route.resource}`;
    }
  }
  return undefined;
}

function isTwin(difference: Difference | undefined): boolean {
  const alike = ['api:// before the name', 'letter case', 'white space'];
  return difference !== undefined && (difference.isSameResource || difference.words.some(word => alike.includes(word)));
}

function adviseOnForeign(each: Case, known: IdentityProduct, audience: readonly string[]): Advice {
  const { route, jws } = each;
  const claims = jws?.claims ?? {};
  const other = nameOtherKind(claims);
  if (other !== undefined) {
    const text = `send the access token, not this one; ${known.ask(route.resource)}`;
    return { cause: `the token is no access token: it is ${other}`, remedy: { text } };
  }
  return (
    adviseOnSpelling(route, known, audience) ??
    adviseOnClient(each, known, audience) ??
    adviseOnOwn(route, known, audience) ??
    adviseOnApiAudience(each, known, audience) ??
    adviseOnStranger(each, known, audience)
  );
}

/** Only what RFC 3986 section 6.2 calls the same resource may become an alias. */
function adviseOnSpelling(
  route: ProtectedRoute,
  known: IdentityProduct,
  audience: readonly string[],
): Advice | undefined {
  const ours = audience.find(
    value => isTwin(findNearestDifference(value, route.audiences)) && !nameSharedAudience(value, [...route.issuers]),
  );
  if (ours === undefined) return undefined;
  const words = findNearestDifference(ours, route.audiences)?.words.join(', ');
  const cause = `the issuer spells the resource in another way (${words}), and audiences are compared exactly (RFC 7519 section 2)`;
  if (ours.trim() !== ours) return { cause, remedy: { text: 'let the issuer write it without the white space' } };
  return addAudience(route, ours, cause, `or ${known.ask(route.resource)}`);
}

function addAudience(route: ProtectedRoute, audience: string, cause: string, otherwise: string): Advice {
  const text = `add ${JSON.stringify(audience)}, ${otherwise}`;
  return { cause, remedy: { text, path: ['routes', route.key, 'audiences'] } };
}

/** Never an alias: the ID tokens of that client carry the same audience. */
function adviseOnClient({ route, jws }: Case, known: IdentityProduct, audience: readonly string[]): Advice | undefined {
  const claims = jws?.claims ?? {};
  if (!audience.some(value => listClients(claims).includes(value))) return undefined;
  if (!saysWhatIsAllowed(claims)) {
    const cause =
      'the token is for the client itself: it is an ID token, or one for the client, and no access token for an API';
    return { cause, remedy: { text: `send the access token, not the ID token; ${known.ask(route.resource)}` } };
  }
  const { cause, remedy } = known.clientAudience ?? {};
  return {
    cause: `it is an access token, but its audience is the client that asked for it${cause === undefined ? '' : `: ${cause}`}`,
    remedy: {
      text: `${remedy ?? known.ask(route.resource)}; the client's ID is not to be accepted, since its ID tokens carry it, too`,
    },
  };
}

function adviseOnOwn(
  { resource, issuers }: ProtectedRoute,
  known: IdentityProduct,
  audience: readonly string[],
): Advice | undefined {
  const own = audience.map(value => findOwnAudience(value, [...issuers])).find(each => each !== undefined);
  if (own === undefined) return undefined;
  return {
    cause: own.cause ?? `the token is for ${own.what}, and for nobody else`,
    remedy: { text: known.ask(resource) },
  };
}

function adviseOnApiAudience(
  { route, jws }: Case,
  known: IdentityProduct,
  audience: readonly string[],
): Advice | undefined {
  const [first = ''] = audience;
  const claims = jws?.claims ?? {};
  const fitting = known.apiAudiences?.find(({ form }) => form.test(first));
  if (fitting === undefined || (hasMarkOfIdToken(claims) && !('scp' in claims))) return undefined;
  return addAudience(route, first, fitting.cause, fitting.condition);
}

function adviseOnStranger({ route, jws }: Case, known: IdentityProduct, audience: readonly string[]): Advice {
  const names = nameAudiences(audience);
  const ask = known.ask(route.resource);
  const list = audience.map(splitList).find(parts => parts.some(part => route.audiences.has(part)));
  if (list !== undefined) {
    const cause = `aud is one text, ${names}, with several audiences in it, where an array of them belongs (RFC 7519 section 4.1.3)`;
    return { cause, remedy: { text: 'let the issuer write aud as an array' } };
  }
  if (known.foreign !== undefined) return { cause: known.foreign, remedy: { text: ask } };
  const isForIssuer = audience.some(
    value => findDifference(value, String(jws?.claims['iss']))?.isSameResource !== false,
  );
  const cause = isForIssuer
    ? `the token is for its issuer itself (${names}): the client named no resource`
    : `the token is for ${names}, which is no resource of this gateway${describeNearest(audience, route)}`;
  return { cause, remedy: { text: ask } };
}

/** `"https://a/ https://b/"`, `"https://a/,https://b/"`, and the JSON of an array as text. */
function splitList(value: string): readonly string[] {
  const parts = value.split(/[\s,;[\]"]+/).filter(part => part !== '');
  return parts.length > 1 || parts[0] !== value ? parts : [];
}

/** What differs, where it is little: another port, a dot behind the host, an encoded path. */
function describeNearest(audience: readonly string[], { audiences }: ProtectedRoute): string {
  const near = audience.map(value => findNearestDifference(value, audiences)).find(each => each?.isNear);
  return near === undefined ? '' : `; it differs from ${near.expected} in: ${near.words.join(', ')}`;
}

/** However many a stranger puts into a token. */
function nameAudiences(audience: readonly string[]): string {
  const more = audience.length > 4 ? ` and ${audience.length - 4} more` : '';
  return `${audience.slice(0, 4).map(quoteValue).join(', ')}${more}`;
}
