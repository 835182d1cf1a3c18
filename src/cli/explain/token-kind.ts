/** Tokens that are no access tokens, told by their claims: no API should take one, whatever their typ. */

type Claims = Readonly<Record<string, unknown>>;

const ID_TOKEN = 'an ID token, which tells a client who signed in';

/** The claim `typ` of Keycloak; its access tokens have Bearer there. */
const BY_TYPE: Readonly<Record<string, string>> = {
  ID: ID_TOKEN,
  Refresh: 'a refresh token, which is for its issuer',
  Offline: 'a refresh token, which is for its issuer',
  Logout: 'a logout token, which tells a client who signed out',
};
/** What access tokens say of their client or of what they allow; an ID token has its client in `aud`. */
const OF_ACCESS = ['scope', 'scp', 'azp', 'appid', 'client_id', 'cid'];

/** @returns what the token is instead of an access token; `undefined` where nothing tells. */
export function nameOtherKind(claims: Claims): string | undefined {
  const type = claims['typ'];
  if (typeof type === 'string' && Object.hasOwn(BY_TYPE, type)) return BY_TYPE[type];
  // OpenID Connect Back-Channel Logout section 2.4, RFC 8417 section 2.2.
  if (typeof claims['events'] === 'object')
    return 'a logout token or another security event, which tells what happened';
  return looksLikeIdToken(claims) ? ID_TOKEN : undefined;
}

/** OpenID Connect Core section 2; Amazon Cognito says it in `token_use`, and Entra ID names the person and no client. */
function looksLikeIdToken(claims: Claims): boolean {
  if (claims['token_use'] === 'id' || ['nonce', 'at_hash', 'c_hash'].some(name => name in claims)) return true;
  return 'preferred_username' in claims && !OF_ACCESS.some(name => name in claims);
}
