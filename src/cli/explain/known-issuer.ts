/** What the products behind well-known issuers write into their tokens, and how a client asks them for an audience. */

export interface KnownIssuer {
  readonly product: Product;
  /** How a client gets a token for `resource` there. */
  readonly ask: (resource: string) => string;
  /** The parameters of a token request in place of `resource` (RFC 8707). */
  readonly parameters?: (resource: string) => readonly (readonly [name: string, value: string])[];
  /** Why its tokens may have no audience at all. */
  readonly withoutAudience?: string;
}

export type Product = 'Entra ID' | 'Auth0' | 'Keycloak' | 'Okta' | 'Amazon Cognito' | 'Google' | 'Ping' | 'any';

const KNOWN: readonly (KnownIssuer & { readonly hosts: RegExp })[] = [
  {
    product: 'Entra ID',
    hosts:
      /^https:\/\/(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net|[^/]+\.(?:ciamlogin|b2clogin)\.com)\//,
    ask: resource =>
      `ask Entra ID with scope=APPLICATION_ID_URI/.default (or a scope of it), the Application ID URI being that of ${resource}`,
    parameters: () => [['scope', 'APPLICATION_ID_URI/.default']],
  },
  {
    product: 'Auth0',
    hosts: /^https:\/\/[^/]+\.auth0\.com\//,
    ask: resource => `ask Auth0 with audience=${resource}, the identifier of the API there`,
    parameters: resource => [['audience', resource]],
  },
  {
    product: 'Keycloak',
    hosts: /^https?:\/\/[^/]+\/(?:[^?#]*\/)?realms\/[^/]+$/,
    ask: resource => `give the client a client scope with an audience mapper for ${resource} in Keycloak`,
    withoutAudience: 'Keycloak writes no audience for an API until an audience mapper says so',
  },
  {
    product: 'Okta',
    hosts: /^https:\/\/[^/]+\.(?:okta|oktapreview|okta-emea)\.com(?:\/|$)/,
    ask: resource => `use a custom authorization server of Okta whose audience is ${resource}`,
  },
  {
    product: 'Amazon Cognito',
    hosts: /^https:\/\/cognito-idp\.[^/]+\.amazonaws\.com(?:\.cn)?\//,
    ask: resource =>
      `ask Amazon Cognito with resource=${resource} in the authorization request (managed login, Essentials or Plus tier)`,
    withoutAudience:
      'access tokens of Amazon Cognito have client_id and no aud, unless the client asked for a resource',
  },
  {
    product: 'Google',
    hosts: /^https:\/\/accounts\.google\.com$/,
    ask: () =>
      'let an authorization server of your own exchange it (RFC 8693): Google issues no access token for your API',
  },
  {
    product: 'Ping',
    hosts: /^https:\/\/[^/]+\.(?:pingone\.[a-z.]+|pingidentity\.com)(?:\/|$)/,
    ask: resource => `ask for a scope of a custom resource of Ping whose audience is ${resource}`,
    withoutAudience: 'Ping writes an audience only where the resource, or the access token manager, sets one',
  },
];

const ANY: KnownIssuer = {
  product: 'any',
  ask: resource => `let the client ask with resource=${resource} (RFC 8707)`,
};

/** @returns what is known of the product at `issuer`; how RFC 8707 has it where nothing is. */
export function recogniseIssuer(issuer: string): KnownIssuer {
  return KNOWN.find(({ hosts }) => hosts.test(issuer)) ?? ANY;
}
