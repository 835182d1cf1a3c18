/** What is known of a product that issues tokens: the columns of the table in identity-products.ts. */

export interface IdentityProduct {
  readonly name: string;
  /** Products with issuers of one tenant: Entra ID writes another `iss` in v1 and in v2 tokens. */
  readonly family: string;
  /** How `iss` looks. The groups `tenant` and `alias` name the tenant, realm or pool: one in common, and two issuers are of one tenant. */
  readonly issuer: RegExp;
  /** `tenant` is a name on one server only, such as a realm: another server may have the same. */
  readonly isTenantOfServer?: true;
  /** What every `iss` has as `tenant`: a key with something else (`common`, a domain name) is written into no token. */
  readonly tenantForm?: { readonly pattern: RegExp; readonly what: string };
  /** `typ` of its access tokens, as `token_types` has it; without `typ` a token counts as JWT. */
  readonly tokenTypes: readonly string[];
  /** What it writes into `aud` of an access token. */
  readonly audience: string;
  /** Claims in which its access tokens have scopes or roles, the usual one first. */
  readonly scopeClaims: readonly string[];
  /** Why a scope in the token is shorter than the one that clients ask for. */
  readonly shortScopes?: string;
  /** How roles within nested claims come to be scopes at the top. */
  readonly nestedScopes?: string;
  /** The claim that names the kind of a token, such as `ID` or `refresh`. */
  readonly kindClaim?: string;
  /** Claims that stand in its ID tokens only, beside those of OpenID Connect. */
  readonly idTokenMarks?: readonly string[];
  /** How a client gets a token for `resource` there. */
  readonly ask: (resource: string) => string;
  /** The parameters of a token request in place of `resource` (RFC 8707). */
  readonly parameters?: (resource: string) => readonly (readonly [name: string, value: string])[];
  /** Why its access tokens may have no audience. */
  readonly withoutAudience?: string;
  /** Why the audience of an access token may be its own client, and what to do about it. */
  readonly clientAudience?: { readonly cause: string; readonly remedy: string };
  /** Audiences that it writes for an API whatever was asked for: fit for `audiences`, under the condition. */
  readonly apiAudiences?: readonly { readonly form: RegExp; readonly cause: string; readonly condition: string }[];
  /** Audiences of the product itself, which tokens carry whatever API they are for. */
  readonly ownAudiences?: readonly OwnAudience[];
  /** How the same API gets tokens of another row. */
  readonly instead?: { readonly product: string; readonly how: string };
  /** Whose tokens nobody else can verify. */
  readonly unverifiable?: string;
  /** Why a token of it is for nobody here, where nothing else tells. */
  readonly foreign?: string;
  /** Where the keys of `issuer` are published, seen from the same host. */
  readonly jwksUri?: (issuer: string) => string;
}

export interface OwnAudience {
  /** Of the value without a slash at its end. */
  readonly form: RegExp;
  /** `Microsoft Graph`; to be read after `is` or `is for`. */
  readonly what: string;
  /** Only where the product is one of the issuers: a word such as `account` may be the name of an API elsewhere. */
  readonly ofIssuerOnly?: true;
  /** Where more is known than for what the token is. */
  readonly cause?: string;
}

/** Of a product that nobody knows, and of a server that keeps to the standards. */
export const ANY_PRODUCT: IdentityProduct = {
  name: 'any',
  family: 'any',
  issuer: /(?:)/,
  tokenTypes: ['at+jwt'],
  audience: 'the resource that was asked for (RFC 8707)',
  scopeClaims: ['scope'],
  ask: resource => `let the client ask with resource=${resource} (RFC 8707)`,
};
