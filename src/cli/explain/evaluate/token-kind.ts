/** Tokens that are no access tokens, told by their claims: no API should take one, whatever their typ. */

import { IDENTITY_PRODUCTS } from '../../../config/lint/identity-products/identity-products.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';

type Claims = Readonly<Record<string, unknown>>;

const ID_TOKEN = 'an ID token, which tells a client who signed in';
const REFRESH_TOKEN = 'a refresh token, which is for its issuer';
const LOGOUT_TOKEN = 'a logout token, which tells a client who signed out';

/** What a claim such as Keycloak's `typ` or Cognito's `token_use` says, in lower case. Every other value says nothing. */
const BY_NAME: ReadonlyMap<string, string> = new Map([
  ['id', ID_TOKEN],
  ['id_token', ID_TOKEN],
  ['refresh', REFRESH_TOKEN],
  ['refresh_token', REFRESH_TOKEN],
  ['offline', REFRESH_TOKEN],
  ['offline_token', REFRESH_TOKEN],
  ['logout', LOGOUT_TOKEN],
  ['logout_token', LOGOUT_TOKEN],
  ['logout+jwt', LOGOUT_TOKEN],
]);
const KIND_CLAIMS = IDENTITY_PRODUCTS.flatMap(({ kindClaim }) => kindClaim ?? []);
/** What is allowed stands in access tokens only (RFC 9068 section 2.2.3): it outweighs every mark of an ID token. */
const OF_ACCESS = ['scope', 'scp', 'roles', 'realm_access', 'resource_access'];
/** OpenID Connect Core sections 2, 3.1.3.6 and 3.3.2.11; s_hash is of FAPI. Older versions of Keycloak write nonce into every token. */
const OF_ID_TOKEN = ['nonce', 'at_hash', 'c_hash', 's_hash'];
/** What access tokens say of their client; an ID token has its client in `aud`. */
const OF_CLIENT = ['azp', 'appid', 'client_id', 'cid'];

/** @returns what the token is instead of an access token; `undefined` where nothing tells. */
export function nameOtherKind(claims: Claims): string | undefined {
  const named = KIND_CLAIMS.map(name => claims[name]).find(
    kind => typeof kind === 'string' && BY_NAME.has(kind.toLowerCase()),
  );
  if (typeof named === 'string') return BY_NAME.get(named.toLowerCase());
  // OpenID Connect Back-Channel Logout section 2.4, RFC 8417 section 2.2.
  if (typeof claims['events'] === 'object' && claims['events'] !== null)
    return 'a logout token or another security event, which tells what happened';
  return !saysWhatIsAllowed(claims) && hasMarkOfIdToken(claims) ? ID_TOKEN : undefined;
}

/** @returns whether claims stand there that only an access token has. */
export function saysWhatIsAllowed(claims: Claims): boolean {
  return hasSome(claims, OF_ACCESS);
}

/** @returns whether an audience that `claims` came with may be that of ID tokens, too: it must not be accepted for their sake. */
export function hasMarkOfIdToken(claims: Claims): boolean {
  const marks = [...OF_ID_TOKEN, ...(recogniseProduct(String(claims['iss'])).idTokenMarks ?? [])];
  // Entra ID names the person and no client in an ID token, and both in an access token.
  return hasSome(claims, marks) || ('preferred_username' in claims && !hasSome(claims, OF_CLIENT));
}

/** @returns the client of the token, wherever it is named. */
export function listClients(claims: Claims): readonly unknown[] {
  return OF_CLIENT.map(name => claims[name]).filter(value => value !== undefined);
}

function hasSome(claims: Claims, names: readonly string[]): boolean {
  return names.some(name => Object.hasOwn(claims, name));
}
