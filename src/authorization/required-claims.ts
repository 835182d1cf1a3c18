/** Claims that a route requires beside the audience: a tenant, a client, a repository. Compared exactly, in type too. */

import type { RequiredClaim } from '../config/config.ts';
import { type Claims, resolveClaim } from '../config/values/claim-path.ts';
import { readClient } from '../token/client.ts';

/** @returns the first of `required` that `claims` do not satisfy; `undefined` where they satisfy all. */
export function findWrongClaim(required: readonly RequiredClaim[], claims: Claims): RequiredClaim | undefined {
  return required.find(each => !isSatisfied(each, claims));
}

/** @returns the value that is compared: `client_id` is the client of the token, whichever claim names it. */
export function readRequiredClaim(claims: Claims, { path }: RequiredClaim): unknown {
  return path.text === 'client_id' ? readClient(claims) : resolveClaim(claims, path);
}

/** A list needs one of the values among its own; of an object nothing is compared. */
function isSatisfied(required: RequiredClaim, claims: Claims): boolean {
  const value = readRequiredClaim(claims, required);
  const candidates: readonly unknown[] = Array.isArray(value) ? value : [value];
  return candidates.some(candidate => (required.values as ReadonlySet<unknown>).has(candidate));
}
