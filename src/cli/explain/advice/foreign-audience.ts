/** Tokens whose audience no route of this gateway accepts. */

import type { ProtectedRoute } from '../../../config/config.ts';
import type { IdentityProduct } from '../../../config/lint/identity-products/identity-product.ts';
import { findOwnAudience, nameSharedAudience } from '../../../config/lint/identity-products/shared-audience.ts';
import { hasAccessClaims } from '../../../token/token-kind.ts';
import { quoteValue } from '../../terminal.ts';
import { type Difference, findDifference, findNearestDifference } from '../checks/difference.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';
import { findOtherKind, hasIdTokenMark, listClients } from './token-kind.ts';

/** @returns advice on a token that is for none of the routes: the most specific cause that fits. */
export function adviseOnForeign(denied: DeniedRequest, known: IdentityProduct, audience: readonly string[]): Advice {
  const { route, jws } = denied;
  const claims = jws?.claims ?? {};
  const other = findOtherKind(claims);
  if (other !== undefined) {
    const text = `send the access token, not this one; ${known.ask(route.resource)}`;
    return { cause: `the token is no access token: it is ${other}`, remedy: { text } };
  }
  return (
    adviseOnSpelling(route, known, audience) ??
    adviseOnClientId(denied, known, audience) ??
    adviseOnIssuerAudience(route, known, audience) ??
    adviseOnApiAudience(denied, known, audience) ??
    adviseOnUnknown(denied, known, audience)
  );
}

/** Only what RFC 3986 section 6.2 calls the same resource may become an alias. */
function adviseOnSpelling(
  route: ProtectedRoute,
  known: IdentityProduct,
  audience: readonly string[],
): Advice | undefined {
  const ours = audience.find(
    value =>
      isOtherSpelling(findNearestDifference(value, route.audiences)) && !nameSharedAudience(value, [...route.issuers]),
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

/** Never an alias: the ID tokens of that client have the same audience. */
function adviseOnClientId(
  { route, jws }: DeniedRequest,
  known: IdentityProduct,
  audience: readonly string[],
): Advice | undefined {
  const claims = jws?.claims ?? {};
  if (!audience.some(value => listClients(claims).includes(value))) return undefined;
  if (!hasAccessClaims(claims)) {
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

function adviseOnIssuerAudience(
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
  { route, jws }: DeniedRequest,
  known: IdentityProduct,
  audience: readonly string[],
): Advice | undefined {
  const [first = ''] = audience;
  const claims = jws?.claims ?? {};
  const fitting = known.apiAudiences?.find(({ form }) => form.test(first));
  if (fitting === undefined || (hasIdTokenMark(claims) && !('scp' in claims))) return undefined;
  return addAudience(route, first, fitting.cause, fitting.condition);
}

function adviseOnUnknown({ route, jws }: DeniedRequest, known: IdentityProduct, audience: readonly string[]): Advice {
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

/** Names a small difference: another port, a dot after the host, an encoded path. */
function describeNearest(audience: readonly string[], { audiences }: ProtectedRoute): string {
  const near = audience.map(value => findNearestDifference(value, audiences)).find(each => each?.isNear);
  return near === undefined ? '' : `; it differs from ${near.expected} in: ${near.words.join(', ')}`;
}

/** @returns whether the values are two spellings of one name: the same resource, or names that differ in letter case or a prefix. */
export function isOtherSpelling(difference: Difference | undefined): boolean {
  const alike = ['api:// before the name', 'letter case', 'white space'];
  return difference !== undefined && (difference.isSameResource || difference.words.some(word => alike.includes(word)));
}

/** @returns the first four of them, quoted: a token may hold any number. */
export function nameAudiences(audience: readonly string[]): string {
  const more = audience.length > 4 ? ` and ${audience.length - 4} more` : '';
  return `${audience.slice(0, 4).map(quoteValue).join(', ')}${more}`;
}
