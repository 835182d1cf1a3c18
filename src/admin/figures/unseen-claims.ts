/** The paths of `scope_claim` in use that no token has had. */

import type { Config } from '../../config/config.ts';
import type { ScopeClaimSighting } from '../../telemetry/recent/scope-claims.ts';

/** @returns the sightings of `config` alone: a reload may have changed or removed a path. */
export function listUnseen(
  { issuers, routes }: Config,
  sightings: readonly ScopeClaimSighting[],
): readonly ScopeClaimSighting[] {
  const unseen = sightings.filter(({ isFound, tokens }) => !isFound && tokens > 0);
  if (unseen.length === 0) return [];
  const byRoute = new Map(routes.map(route => [route.id, route.public ? undefined : route.scopePaths]));
  const pathsOf = ({ of, name }: ScopeClaimSighting) =>
    of === 'routes' ? byRoute.get(name) : issuers.get(name)?.scopeSource.paths;
  return unseen.filter(each => pathsOf(each)?.some(({ text }) => text === each.path));
}
