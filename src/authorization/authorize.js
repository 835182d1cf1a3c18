/**
 * (route, access token) → grant or denial. `authorize` is the only function that makes a `Grant`, and `upstream/` takes
 * nothing else, so code that forwards without an audience decision does not compile. Pure: no clock, no socket, no key.
 */
import { deny, isRefused } from '../denial.js';
import { findWrongAudienceOf } from './audience.js';
import { findWrongClaim } from './required-claims.js';
import { findRequirements, readHeldScopes } from './scope.js';
const granted = Symbol('granted');
const NOT_EVALUATED = { verified: undefined, scopes: undefined };
/**
 * Checks method, token, type, audience, claims and scope, in the order of `STAGES`. The first denial that the mode of the
 * route refuses decides, also after one that it only reports. If it refuses none, the request is granted.
 *
 * @param verification the verified token, or why there is none. Ignored on a public route.
 * @returns a grant, with the first of the denials that are only reported; or the denial that is refused.
 */
export function authorize(index, match, method, verification) {
    const { route } = match;
    const ambiguous = match.isAmbiguous ? denialOf('ambiguous_path', {}) : undefined;
    if (route.public)
        return createGrant(match, undefined, ambiguous, [], NOT_EVALUATED);
    const requirement = findRequirements(route.scopeRules, method, [match.rest, ...match.otherRests]);
    const verified = findVerified(route, verification);
    const held = verified && readHeldScopes(route, verified);
    const evaluated = { verified, scopes: held?.own };
    let reported = ambiguous;
    for (const denial of findDenials(index, route, requirement, verification, held)) {
        if (isRefused(denial.reason, route.enforcement))
            return createDenied(denial, evaluated);
        reported ??= denial;
    }
    const identity = verification.ok ? verified : undefined;
    return createGrant(match, identity, reported, requirement.ok ? requirement.scopes : [], evaluated);
}
/** A token of an issuer that the route does not trust is nobody's word here: it is not logged either. */
function findVerified(route, verification) {
    const token = verification.ok ? verification : verification.expired;
    return token && route.issuers.has(token.issuer) ? token : undefined;
}
/**
 * Lists every denial, in the order of the checks. The kind of a token comes before its time, so that an expired ID token is
 * told as what it is; where the mode only reports that, its time is still judged.
 */
function* findDenials(index, route, requirement, token, held) {
    if (!requirement.ok)
        yield denialOf('method_not_allowed', { allow: requirement.allow });
    const scopes = requirement.ok ? requirement.scopes : [];
    if (token.kind !== undefined)
        yield denialOf('wrong_token_type', { scopes });
    if (!token.ok)
        return yield denialOf(token.reason, { scopes });
    if (!route.issuers.has(token.issuer))
        yield denialOf('untrusted_issuer', { scopes });
    if (!token.typeAccepted)
        yield denialOf('wrong_token_type', { scopes });
    const presented = findWrongAudienceOf(route, token, index);
    if (presented !== undefined)
        yield denialOf('wrong_audience', { scopes, presented });
    if (findWrongClaim(route.requiredClaims, token.claims))
        yield denialOf('wrong_claim', { scopes });
    if (!scopes.every(scope => held?.all.has(scope)))
        yield denialOf('insufficient_scope', { scopes });
}
function denialOf(reason, { presented, scopes = [], allow = [] }) {
    return { ...deny(reason), presented, scopes, allow };
}
function createGrant(match, identity, denial, needed, { verified, scopes }) {
    const grant = { [granted]: true, match, identity, reported: denial?.reason, scopes: needed };
    return { grant, denial, verified, scopes };
}
function createDenied(denial, { verified, scopes }) {
    return { grant: undefined, denial, verified, scopes };
}
