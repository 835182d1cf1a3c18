/** Compares the audience of a token with that of a route (RFC 7519 section 4.1.3, RFC 8707 section 2, RFC 9068 section 4). */

import type { ProtectedRoute, Route } from '../config/config.ts';
import type { ResourceUri } from '../config/values/address/uri.ts';

/** Every `aud` value that some route of this gateway accepts → the `resource` of that route. */
export type AudienceIndex = ReadonlyMap<string, ResourceUri>;

/**
 * What a token with a wrong audience presented: the `resource` of the sibling route it is for, or one of three words.
 * A resource is from the configuration, so the set of values is bounded; an `aud` value of a token is never one of them.
 */
export type PresentedAudience = ResourceUri | NoSibling;

/**
 * `foreign`: no route of this gateway accepts any `aud` value of the token. `missing`: it has none. `multiple`: it is for
 * this route and for others, and `multiple_audiences` refuses that.
 */
export type NoSibling = 'foreign' | 'missing' | 'multiple';

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
 * @returns `undefined` where the token is for this route, otherwise what it presented instead; of several siblings, the
 *   first in the order of the token.
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

/** Of a token that is for this route: whether the route accepts the other audiences beside it. */
function satisfiesMultipleAudiences(route: ProtectedRoute, audience: readonly string[], index: AudienceIndex): boolean {
  switch (route.multipleAudiences) {
    case 'any':
      return true;
    case 'known':
      return audience.every(value => index.has(value));
    case 'only':
      return audience.length === 1;
  }
}
