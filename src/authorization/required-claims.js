/** Claims that a route requires beside the audience: a tenant, a client, a repository. Compared exactly, in type too. */
import { resolveClaim } from '../config/values/claim-path.js';
import { readClient } from '../token/client.js';
/** @returns the first of `required` that `claims` do not satisfy; `undefined` where they satisfy all. */
export function findWrongClaim(required, claims) {
    return required.find(each => !isSatisfied(each, claims));
}
/** @returns the value that is compared: `client_id` is the client of the token, whichever claim names it. */
export function readRequiredClaim(claims, { path }) {
    return path.text === 'client_id' ? readClient(claims) : resolveClaim(claims, path);
}
/** A list needs one of the values among its own; of an object nothing is compared. */
function isSatisfied(required, claims) {
    const value = readRequiredClaim(claims, required);
    const candidates = Array.isArray(value) ? value : [value];
    return candidates.some(candidate => required.values.has(candidate));
}
