/** The columns of the table of identity products (identity-products.ts). */

export interface IdentityProduct {
  readonly name: string;
  /** Rows of one family may be issuers of one tenant: Entra ID has different `iss` in v1 and v2 tokens. */
  readonly family: string;
  /** The form of `iss`. The groups `tenant` and `alias` name the tenant, realm or pool; issuers that share a name share the tenant. */
  readonly issuer: RegExp;
  /** `tenant` is unique on one server only, as a realm is: another server may have the same name. */
  readonly isTenantOfServer?: true;
  /** The form of `tenant` in the `iss` of tokens. A configured issuer with another one (`common`, a domain) matches no token. */
  readonly tenantForm?: { readonly pattern: RegExp; readonly what: string };
  /** The `typ` of its access tokens, in the form of `token_types`; a token without `typ` counts as JWT. */
  readonly tokenTypes: readonly string[];
  /** What it writes into the `aud` of an access token. */
  readonly audience: string;
  /** Claims that hold scopes or roles in its access tokens, the usual one first. */
  readonly scopeClaims: readonly string[];
  /** Why a scope in the token is shorter than the one that the client asked for. */
  readonly shortScopes?: string;
  /** How to get roles out of nested claims into a claim at the top. */
  readonly nestedScopes?: string;
  /** The claim that names the kind of a token, such as `ID` or `refresh`. */
  readonly kindClaim?: string;
  /** Claims that only its ID tokens have, beside those of OpenID Connect. */
  readonly idTokenMarks?: readonly string[];
  /** Who gets a token of it for any audience: an issuer that serves the whole world. */
  readonly isForEveryone?: true;
  /** How a client gets a token for `resource`. */
  readonly ask: (resource: string) => string;
  /** The parameters of a token request instead of `resource` (RFC 8707). @param scopes those that the route needs. */
  readonly parameters?: (
    resource: string,
    scopes: readonly string[],
  ) => readonly (readonly [name: string, value: string])[];
  /** Where its administrator makes it write `typ: at+jwt`. */
  readonly typeSetting?: string;
  /** Why its access tokens may have no audience. */
  readonly withoutAudience?: string;
  /** Why an access token is for clients that it was not asked for, and what to do about it. */
  readonly severalAudiences?: string;
  /** Access tokens that leave claims out. `jti` recognises one; a mapper has to name what they need. */
  readonly lightweight?: { readonly jti: RegExp; readonly cause: string; readonly remedy: string };
  /** What its introspection endpoint calls inactive beside tokens that have ended. @param client the gateway's there. */
  readonly inactive?: (client: string) => { readonly cause: string; readonly remedy: string };
  /** Why the audience of an access token may be its own client, and what to do about it. */
  readonly clientAudience?: { readonly cause: string; readonly remedy: string };
  /** Audiences that it writes for an API whatever the client asked for. Under `condition` they can be listed under `audiences`. */
  readonly apiAudiences?: readonly { readonly form: RegExp; readonly cause: string; readonly condition: string }[];
  /** Audiences of the product itself, which tokens for any API may have. */
  readonly ownAudiences?: readonly OwnAudience[];
  /** How the same API gets tokens of another row of this table. */
  readonly instead?: { readonly product: string; readonly how: string };
  /** Which of its tokens only the product itself can verify. */
  readonly unverifiable?: string;
  /** Why a token of it is not for this API, where no other column explains it. */
  readonly foreign?: string;
  /** A member of its metadata, and its form, that no other product has: for an issuer under a host name of its operator. */
  readonly metadata?: { readonly member: string; readonly form: RegExp };
  /** `scope_claim`, where the default (`scope`, else `scp`) does not read its scopes. */
  readonly scopeSetting?: readonly string[];
  /** `audience_claim` for the tokens into which it writes no audience. */
  readonly audienceSetting?: 'client_id';
  /** The URL of the keys of `issuer`, on the same host. */
  readonly jwksUri?: (issuer: string) => string;
}

export interface OwnAudience {
  /** Matched against the audience without a slash at its end. */
  readonly form: RegExp;
  /** `Microsoft Graph`; to be read after `is` or `is for`. */
  readonly what: string;
  /** Only where an issuer of the product is configured: elsewhere, a word such as `account` may name an API. */
  readonly ofIssuerOnly?: true;
  /** Why a token has this audience, where that is known. */
  readonly cause?: string;
}

/** The row for unknown products: a server that follows the standards. */
export const ANY_PRODUCT: IdentityProduct = {
  name: 'any',
  family: 'any',
  issuer: /(?:)/,
  tokenTypes: ['at+jwt'],
  audience: 'the resource that was asked for (RFC 8707)',
  scopeClaims: ['scope'],
  ask: resource => `let the client ask with resource=${resource} (RFC 8707)`,
};
