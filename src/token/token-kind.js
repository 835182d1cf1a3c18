/**
 * Tokens that say of themselves that they are no access tokens: ID, refresh and logout tokens of the same issuer, with the same
 * keys. Some issuers write the same `typ` (`JWT`) into the header of them all, so the payload is asked, too.
 */
/** Claims of the payload that may name the kind: of Keycloak, and of Amazon Cognito. */
const KIND_CLAIMS = ['typ', 'token_use'];
/** In an introspection answer (RFC 7662 section 2.2) `token_type`, too. */
const KIND_MEMBERS = [...KIND_CLAIMS, 'token_type'];
/** In lower case. Any other value says nothing: `Bearer` and `access` do not make an access token. */
const FOREIGN_KINDS = new Set([
    'id',
    'id_token',
    'refresh',
    'refresh_token',
    'offline',
    'offline_token',
    'logout',
    'logout_token',
    'logout+jwt',
]);
/** OpenID Connect Core sections 2, 3.1.3.6 and 3.3.2.11; s_hash is of FAPI. Older versions of Keycloak write nonce into every token. */
export const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash'];
/** Only an access token has a claim that says what is allowed (RFC 9068 section 2.2.3). It outweighs every mark of an ID token. */
export const ACCESS_CLAIMS = ['scope', 'scp', 'roles', 'realm_access', 'resource_access'];
/** Logged for an ID token that does not name its kind. */
const UNNAMED_ID_TOKEN = 'id_token';
/**
 * @param headerType `typ` of the JWS header as `mediaType` gives it; `jwt` names no kind.
 * @param isIntrospected whether the claims are an introspection answer.
 * @returns the kind of a token that is no access token, as its payload names it; `id_token` for one that names none and has
 *   the marks of an ID token. `undefined` where nothing speaks against an access token.
 */
export function findForeignKind(claims, headerType, isIntrospected) {
    for (const name of isIntrospected ? KIND_MEMBERS : KIND_CLAIMS) {
        const kind = claims[name];
        if (typeof kind === 'string' && FOREIGN_KINDS.has(kind.toLowerCase()))
            return kind;
    }
    const namesKind = headerType !== undefined && headerType !== 'jwt';
    return !namesKind && hasIdTokenClaims(claims) && !hasAccessClaims(claims) ? UNNAMED_ID_TOKEN : undefined;
}
/** @returns whether a claim says what is allowed. One that is `null` says nothing. */
export function hasAccessClaims(claims) {
    return ACCESS_CLAIMS.some(name => Object.hasOwn(claims, name) && claims[name] !== null);
}
function hasIdTokenClaims(claims) {
    return ID_TOKEN_CLAIMS.some(name => Object.hasOwn(claims, name));
}
