/** Audiences that tokens for different APIs have. Whoever accepts one of them accepts tokens for all of those APIs. */
import { IDENTITY_PRODUCTS } from './identity-products.js';
/** Audiences below the issuer's own URL. */
const OF_ISSUER = [
    ['', 'the issuer itself'],
    ['/userinfo', "the issuer's userinfo endpoint"],
];
/** @returns the shared audiences in tokens of `issuers`, for looking up many audiences. */
export function listSharedAudiences(issuers) {
    const ofIssuers = new Map();
    for (const [path, what] of OF_ISSUER.toReversed()) {
        for (const issuer of issuers)
            ofIssuers.set(`${withoutSlash(issuer)}${path}`, what);
    }
    const ofProducts = IDENTITY_PRODUCTS.flatMap(({ ownAudiences = [], issuer: pattern }) => {
        const isInUse = ownAudiences.length > 0 && issuers.some(issuer => pattern.test(issuer));
        return ownAudiences.filter(({ ofIssuerOnly }) => isInUse || !ofIssuerOnly);
    });
    return { ofIssuers, ofProducts };
}
/**
 * @param issuers whose tokens may have it.
 * @returns what `audience` is, such as `Microsoft Graph`; `undefined` where it is not shared. The case of a GUID or host and a
 *   slash at the end make no difference.
 */
export function nameSharedAudience(audience, issuers) {
    return findSharedAudience(audience, listSharedAudiences(issuers));
}
/** As `nameSharedAudience`, for many audiences of the same issuers. */
export function findSharedAudience(audience, shared) {
    return shared.ofIssuers.get(withoutSlash(audience)) ?? findOwn(audience, shared)?.what;
}
/** @returns the table's entry for an audience of a product itself; `undefined` where there is none. */
export function findOwnAudience(audience, issuers) {
    return findOwn(audience, listSharedAudiences(issuers));
}
function findOwn(audience, { ofProducts }) {
    const bare = withoutSlash(audience);
    return ofProducts.find(({ form }) => form.test(bare));
}
function withoutSlash(text) {
    return text.replace(/\/$/, '');
}
