/** Compares the audience of a token with that of a route (RFC 7519 section 4.1.3, RFC 8707 section 2, RFC 9068 section 4). */
/**
 * `foreign`: no route of this gateway accepts any `aud` value of the token. `missing`: it has none. `multiple`: it is for
 * this route and for others, and `multiple_audiences` refuses that.
 */
export const NON_RESOURCES = ['foreign', 'missing', 'multiple'];
/** @returns the index over all routes. No audience belongs to two resources: that is an error at load. */
export function createAudienceIndex(routes) {
    const index = new Map();
    for (const route of routes)
        addAudiences(index, route);
    return index;
}
/** Adds the audiences of one more route to an index that is not in use yet. */
export function addAudiences(index, route) {
    if (route.public)
        return;
    for (const audience of route.audiences)
        index.set(audience, route.resource);
}
/** @returns every value that `findWrongAudience` can return for `route`, so that each has a series that starts at 0. */
export function listPresentable(route, index) {
    const elsewhere = [...index].filter(([audience]) => !route.audiences.has(audience));
    const siblings = new Set(elsewhere.map(([, resource]) => resource));
    const multiple = route.multipleAudiences === 'any' ? [] : ['multiple'];
    return [...siblings, 'foreign', 'missing', ...multiple];
}
/**
 * @param audience the token's `aud` as a list; compared code point by code point, nothing is normalised.
 * @returns `undefined` if the token is for this route, else the value of `presented`: of several resources, the first in the
 *   order of the token.
 */
export function findWrongAudience(route, audience, index) {
    if (audience.length === 0)
        return 'missing';
    if (audience.some(value => route.audiences.has(value))) {
        return satisfiesMultipleAudiences(route, audience, index) ? undefined : 'multiple';
    }
    const sibling = audience.find(value => index.has(value));
    return sibling === undefined ? 'foreign' : index.get(sibling);
}
/** As `findWrongAudience`, for a token that may have two audiences of which both must fit (`audience_claim`). */
export function findWrongAudienceOf(route, { audience, secondAudience }, index) {
    const wrong = findWrongAudience(route, audience, index);
    return wrong ?? (secondAudience && findWrongAudience(route, secondAudience, index));
}
/** @returns whether every value of `audience` is accepted by some route of this gateway. */
export function hasOnlyKnownAudiences(index, audience) {
    return audience.every(value => index.has(value));
}
/** @returns whether the route accepts the further audiences of a token that is for it. */
function satisfiesMultipleAudiences(route, audience, index) {
    switch (route.multipleAudiences) {
        case 'any':
            return true;
        case 'known':
            return hasOnlyKnownAudiences(index, audience);
        case 'only':
            return audience.length === 1;
    }
}
