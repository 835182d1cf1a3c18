/**
 * Whether any token had the claims that `scope_claim` names. A misspelled path grants nothing, and nothing else shows it: every
 * request is then denied for its scope, as if clients had not asked for it.
 */
import { resolveClaim } from '../../config/values/claim-path.js';
/** Of several paths one may be of rare tokens: only after so many tokens is it told that none had it. */
const ENOUGH_TOKENS = 100;
export class ScopeClaimSightings {
    /** By the list of paths of one configuration: a reload makes another, whose count begins anew. */
    #byPaths = new WeakMap();
    #byName = new Map();
    /**
     * Looks for the claims in the token of one request.
     *
     * @returns the paths that no token has had so far, each once, where this request was denied for its scope.
     */
    record({ route, verified, denial }) {
        if (!verified || !route || route.public)
            return [];
        const ofRoute = route.scopePaths;
        const paths = ofRoute ?? verified.scopeSource.paths;
        if (paths === undefined)
            return [];
        const known = this.#byPaths.get(paths);
        const watched = known ?? this.#watch(paths, ofRoute ? ['routes', route.key] : ['issuers', verified.issuer]);
        if (watched.missing.size === 0)
            return [];
        look(watched, verified.claims);
        return denial?.reason === 'insufficient_scope' ? tell(watched, verified.claims) : [];
    }
    list() {
        return [...this.#byName.values()].flatMap(watched => watched.paths.map(path => describe(watched, path)));
    }
    #watch(paths, [of, name]) {
        const watched = { of, name, paths, missing: new Set(paths), told: new Set(), tokens: 0 };
        this.#byPaths.set(paths, watched);
        this.#byName.set(`${of} ${name}`, watched);
        return watched;
    }
}
function look(watched, claims) {
    watched.tokens += 1;
    for (const path of watched.missing)
        if (resolveClaim(claims, path) !== undefined)
            watched.missing.delete(path);
}
function tell(watched, claims) {
    const isBare = watched.paths.every(path => resolveClaim(claims, path) === undefined);
    if (!isBare && watched.tokens < ENOUGH_TOKENS)
        return [];
    const untold = [...watched.missing].filter(path => !watched.told.has(path));
    for (const path of untold)
        watched.told.add(path);
    return untold.map(path => describe(watched, path));
}
function describe({ of, name, missing, tokens }, path) {
    return { of, name, path: path.text, tokens, isFound: !missing.has(path) };
}
/** @returns the sightings of several processes merged. */
export function mergeSightings(lists) {
    const merged = new Map();
    for (const each of lists.flat()) {
        const key = JSON.stringify([each.of, each.name, each.path]);
        const other = merged.get(key);
        const sum = other && { tokens: other.tokens + each.tokens, isFound: other.isFound || each.isFound };
        merged.set(key, { ...each, ...sum });
    }
    return [...merged.values()];
}
