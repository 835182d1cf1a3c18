/** The scopes of a token: from which claims they are read, and which further scopes they include. */
import { resolveClaim } from '../config/values/claim-path.js';
/**
 * RFC 8693 section 4.2 has a string with spaces; issuers also write a list of strings, or an object whose keys are roles.
 *
 * @param source where the issuer, or the route instead of it, says that scopes are.
 * @returns every scope. A list with an entry that is no string, and any other value, grants none.
 */
export function readScopes(claims, { paths, separator }) {
    if (paths === undefined)
        return new Set(listScopes(claims['scope'] ?? claims['scp'], separator));
    const [path, ...others] = paths;
    if (path !== undefined && others.length === 0)
        return new Set(listScopes(resolveClaim(claims, path), separator));
    return new Set(paths.flatMap(each => listScopes(resolveClaim(claims, each), separator)));
}
/** @returns the scopes in the value of one claim. */
export function listScopes(value, separator) {
    if (typeof value === 'string')
        return value.split(separator).filter(scope => scope !== '');
    if (typeof value !== 'object' || value === null)
        return [];
    if (Array.isArray(value))
        return value.every(scope => typeof scope === 'string') ? value : [];
    // A role that an issuer writes with `false` or `null` behind it is one that was not given.
    return Object.entries(value).flatMap(([scope, given]) => (given === false || given === null ? [] : [scope]));
}
/**
 * @param implied of the issuer, closed over at load: what a scope includes is listed to the last.
 * @returns `scopes` with those that they include; the very set where they include none.
 */
export function addImpliedScopes(scopes, implied) {
    if (implied.size === 0)
        return scopes;
    const further = [...scopes].flatMap(scope => implied.get(scope) ?? []);
    return further.length === 0 ? scopes : new Set([...scopes, ...further]);
}
