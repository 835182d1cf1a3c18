/** The client that a token was issued to (RFC 8693 section 4.3). Issuers use different claims for it. */
/** RFC 9068 section 2.2; OpenID Connect Core section 2; Microsoft Entra ID v1; Okta. */
export const CLIENT_CLAIMS = ['client_id', 'azp', 'appid', 'cid'];
/**
 * @returns the client of a token with `claims`: the first of `client_id`, `azp`, `appid` and `cid` that is present.
 *   `undefined` where that is not a non-empty string; later claims are then not looked at.
 */
export function readClient(claims) {
    const name = CLIENT_CLAIMS.find(claim => Object.hasOwn(claims, claim));
    const client = name === undefined ? undefined : claims[name];
    return typeof client === 'string' && client !== '' ? client : undefined;
}
