/** Recognises tokens that are not access tokens by their claims. No API should accept one, whatever its `typ`. */

import { IDENTITY_PRODUCTS } from '../../../config/lint/identity-products/identity-products.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import type { Claims } from '../../../config/values/claim-path.ts';
import { CLIENT_CLAIMS } from '../../../token/client.ts';
import { hasAccessClaims, ID_TOKEN_CLAIMS } from '../../../token/token-kind.ts';

const ID_TOKEN = 'an ID token, which tells a client who signed in';
const REFRESH_TOKEN = 'a refresh token, which is for its issuer';
const LOGOUT_TOKEN = 'a logout token, which tells a client who signed out';

/** Values of a claim such as Keycloak's `typ` or Cognito's `token_use`, in lower case. Any other value is ignored. */
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
/** @returns what a token of a kind that the gateway refuses is (`findForeignKind`). */
export function describeKind(kind: string): string {
  return BY_NAME.get(kind.toLowerCase()) ?? ID_TOKEN;
}

/** @returns what the token is instead of an access token, by more than the gateway goes by; `undefined` where no claim says so. */
export function findOtherKind(claims: Claims): string | undefined {
  const named = KIND_CLAIMS.map(name => claims[name]).find(
    kind => typeof kind === 'string' && BY_NAME.has(kind.toLowerCase()),
  );
  if (typeof named === 'string') return BY_NAME.get(named.toLowerCase());
  // OpenID Connect Back-Channel Logout section 2.4, RFC 8417 section 2.2.
  if (typeof claims['events'] === 'object' && claims['events'] !== null)
    return 'a logout token or another security event, which tells what happened';
  return !hasAccessClaims(claims) && hasIdTokenMark(claims) ? ID_TOKEN : undefined;
}

/** @returns whether `claims` may be those of an ID token. An alias for its audience would accept ID tokens. */
export function hasIdTokenMark(claims: Claims): boolean {
  const marks = [...ID_TOKEN_CLAIMS, ...(recogniseProduct(String(claims['iss'])).idTokenMarks ?? [])];
  // Entra ID names the person and no client in an ID token, and both in an access token.
  return hasSome(claims, marks) || ('preferred_username' in claims && !hasSome(claims, CLIENT_CLAIMS));
}

/** @returns the client of the token, wherever it is named. */
export function listClients(claims: Claims): readonly unknown[] {
  return CLIENT_CLAIMS.map(name => claims[name]).filter(value => value !== undefined);
}

function hasSome(claims: Claims, names: readonly string[]): boolean {
  return names.some(name => Object.hasOwn(claims, name));
}
