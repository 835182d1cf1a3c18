/** Compares the audience of a token with that of a route (RFC 7519 section 4.1.3, RFC 8707 section 2, RFC 9068 section 4). */

import type { ProtectedRoute, Route } from '../config/config.ts';
import type { ResourceUri } from '../config/values/address/uri.ts';
import type { AccessToken } from '../token/access-token.ts';

/** Every `aud` value that some route of this gateway accepts → the `resource` of that route. */
export type AudienceIndex = ReadonlyMap<string, ResourceUri>;

/**
 * The value of the label `presented`, for a token with a wrong audience: the `resource` of another route of this gateway
 * whose audience the token has, or one of `NON_RESOURCES`. Never an `aud` value as sent, so the set of values is bounded.
 */
export type PresentedAudience = ResourceUri | NonResource;

/**
 * `foreign`: no route of this gateway accepts any `aud` value of the token. `missing`: it has none. `multiple`: it is for
 * this route and for others, and `multiple_audiences` refuses that.
 */
export const NON_RESOURCES = ['foreign', 'missing', 'multiple'] as const;

export type NonResource = (typeof NON_RESOURCES)[number];

/** @returns the index over all routes. No audience belongs to two resources: that is an error at load. */
export function createAudienceIndex(routes: readonly Route[]): AudienceIndex {
  const index = new Map<string, ResourceUri>();
  for (const route of routes) addAudiences(index, route);
  return index;
}

/** Adds the audiences of one more route to an index that is not in use yet. */
export function addAudiences(index: Map<string, ResourceUri>, route: Route): void {
  if (route.public) return;
  for (const audience of route.audiences) index.set(audience, route.resource);
}

/** @returns every value that `findWrongAudience` can return for `route`, so that each has a series that starts at 0. */
export function listPresentable(route: ProtectedRoute, index: AudienceIndex): readonly PresentedAudience[] {
  const elsewhere = [...index].filter(([audience]) => !route.audiences.has(audience));
  const siblings = new Set(elsewhere.map(([, resource]) => resource));
  const multiple = route.multipleAudiences === 'any' ? [] : (['multiple'] as const);
  return [...siblings, 'foreign', 'missing', ...multiple];
}

/**
 * @param audience the token's `aud` as a list; compared code point by code point, nothing is normalised.
 * @returns `undefined` if the token is for this route, else the value of `presented`: of several resources, the first in the
 *   order of the token.
 */
export function findWrongAudience(
  route: ProtectedRoute,
  audience: readonly string[],
  index: AudienceIndex,
): PresentedAudience | undefined {
  if (audience.length === 0) return 'missing';
  if (audience.some(value => route.audiences.has(value))) {
    return satisfiesMultipleAudiences(route, audience, index) ? undefined : 'multiple';
  }
  const sibling = audience.find(value => index.has(value));
  return sibling === undefined ? 'foreign' : index.get(sibling);
}

/** As `findWrongAudience`, for a token that may have two audiences of which both must fit (`audience_claim`). */
export function findWrongAudienceOf(
  route: ProtectedRoute,
  { audience, secondAudience }: Pick<AccessToken, 'audience' | 'secondAudience'>,
  index: AudienceIndex,
): PresentedAudience | undefined {
  const wrong = findWrongAudience(route, audience, index);
  return wrong ?? (secondAudience && findWrongAudience(route, secondAudience, index));
}

/** @returns whether every value of `audience` is accepted by some route of this gateway. */
export function hasOnlyKnownAudiences(index: AudienceIndex, audience: readonly string[]): boolean {
  return audience.every(value => index.has(value));
}

/** @returns whether the route accepts the further audiences of a token that is for it. */
function satisfiesMultipleAudiences(route: ProtectedRoute, audience: readonly string[], index: AudienceIndex): boolean {
  switch (route.multipleAudiences) {
    case 'any':
      return true;
    case 'known':
      return hasOnlyKnownAudiences(index, audience);
    case 'only':
      return audience.length === 1;
  }
}
