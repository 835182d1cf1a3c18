/** Whom a token is for against whom a route protects (RFC 7519 section 4.1.3, RFC 8707 section 2, RFC 9068 section 4). */

import type { ProtectedRoute, Route } from '../config/config.ts';

/** Every `aud` value that some route of this gateway accepts → the `resource` of that route. */
export type AudienceIndex = ReadonlyMap<string, string>;

/**
 * What a token with a wrong audience presented: the `resource` of the sibling it is for, `missing` (no audience),
 * `multiple` (ours among others, and the route's rule refuses that), or `foreign`. Bounded: never a value of the token.
 */
export type PresentedAudience = string;

/** @returns the index over all routes. No audience belongs to two resources: the configuration refuses that at load. */
export function createAudienceIndex(routes: readonly Route[]): AudienceIndex {
  const index = new Map<string, string>();
  for (const route of routes) addAudiences(index, route);
  return index;
}

/** Adds what one route more accepts to an index that serves nothing yet. */
export function addAudiences(index: Map<string, string>, route: Route): void {
  if (route.public) return;
  for (const audience of route.audiences) index.set(audience, route.resource);
}

/** @returns every value of `presented` that a wrong audience at `route` can have, so that each can be counted from 0. */
export function listPresentable(route: ProtectedRoute, index: AudienceIndex): readonly PresentedAudience[] {
  const elsewhere = [...index].filter(([audience]) => !route.audiences.has(audience));
  const siblings = new Set(elsewhere.map(([, resource]) => resource));
  const multiple = route.multipleAudiences === 'any' ? [] : ['multiple'];
  return [...siblings, 'foreign', 'missing', ...multiple];
}

/**
 * @param audience the token's `aud` as a list; compared code point by code point, nothing is normalised.
 * @returns `undefined` when the token is for this route, else what it presented instead.
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

/** A token for us and for someone else: a membership test alone lets it pass. */
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
