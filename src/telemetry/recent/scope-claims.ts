/**
 * Whether any token had the claims that `scope_claim` names. A misspelled path grants nothing, and nothing else shows it: every
 * request is then denied for its scope, as if clients had not asked for it.
 */

import { type ClaimPath, type Claims, resolveClaim } from '../../config/values/claim-path.ts';
import type { FinishedRequest } from '../finished-request.ts';

/** One path of one `scope_claim`. */
export interface ScopeClaimSighting {
  /** Whose `scope_claim` it is: a key of `issuers` or of `routes`. */
  readonly of: 'issuers' | 'routes';
  readonly name: string;
  readonly path: string;
  /** Tokens that were looked at, until one had it. A token counts once for each request. */
  readonly tokens: number;
  readonly isFound: boolean;
}

interface Watched {
  readonly of: ScopeClaimSighting['of'];
  readonly name: string;
  readonly paths: readonly ClaimPath[];
  readonly missing: Set<ClaimPath>;
  readonly told: Set<ClaimPath>;
  tokens: number;
}

/** Of several paths one may be of rare tokens: only after so many tokens is it told that none had it. */
const ENOUGH_TOKENS = 100;

export class ScopeClaimSightings {
  /** By the list of paths of one configuration: a reload makes another, whose count begins anew. */
  readonly #byPaths = new WeakMap<readonly ClaimPath[], Watched>();
  readonly #byName = new Map<string, Watched>();

  /**
   * Looks for the claims in the token of one request.
   *
   * @returns the paths that no token has had so far, each once, where this request was denied for its scope.
   */
  record({ route, verified, denial }: FinishedRequest): readonly ScopeClaimSighting[] {
    if (!verified || !route || route.public) return [];
    const ofRoute = route.scopePaths;
    const paths = ofRoute ?? verified.scopeSource.paths;
    if (paths === undefined) return [];
    const known = this.#byPaths.get(paths);
    const watched = known ?? this.#watch(paths, ofRoute ? ['routes', route.id] : ['issuers', verified.issuer]);
    if (watched.missing.size === 0) return [];
    look(watched, verified.claims);
    return denial?.reason === 'insufficient_scope' ? tell(watched, verified.claims) : [];
  }

  list(): readonly ScopeClaimSighting[] {
    return [...this.#byName.values()].flatMap(watched => watched.paths.map(path => describe(watched, path)));
  }

  #watch(paths: readonly ClaimPath[], [of, name]: readonly [ScopeClaimSighting['of'], string]): Watched {
    const watched: Watched = { of, name, paths, missing: new Set(paths), told: new Set(), tokens: 0 };
    this.#byPaths.set(paths, watched);
    this.#byName.set(`${of} ${name}`, watched);
    return watched;
  }
}

function look(watched: Watched, claims: Claims): void {
  watched.tokens += 1;
  for (const path of watched.missing) if (resolveClaim(claims, path) !== undefined) watched.missing.delete(path);
}

function tell(watched: Watched, claims: Claims): readonly ScopeClaimSighting[] {
  const isBare = watched.paths.every(path => resolveClaim(claims, path) === undefined);
  if (!isBare && watched.tokens < ENOUGH_TOKENS) return [];
  const untold = [...watched.missing].filter(path => !watched.told.has(path));
  for (const path of untold) watched.told.add(path);
  return untold.map(path => describe(watched, path));
}

function describe({ of, name, missing, tokens }: Watched, path: ClaimPath): ScopeClaimSighting {
  return { of, name, path: path.text, tokens, isFound: !missing.has(path) };
}

/** @returns the sightings of several processes merged. */
export function mergeSightings(lists: readonly (readonly ScopeClaimSighting[])[]): readonly ScopeClaimSighting[] {
  const merged = new Map<string, ScopeClaimSighting>();
  for (const each of lists.flat()) {
    const key = JSON.stringify([each.of, each.name, each.path]);
    const other = merged.get(key);
    const sum = other && { tokens: other.tokens + each.tokens, isFound: other.isFound || each.isFound };
    merged.set(key, { ...each, ...sum });
  }
  return [...merged.values()];
}
