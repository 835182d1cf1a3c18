/**
 * What is known of each identity product: one row each, read by `check` and `explain`. The comment of a row names the vendor's
 * page that it is taken from; only what is written there, or what a server was seen to do, belongs in it.
 */

import type { IdentityProduct } from './identity-product.ts';
import { MICROSOFT_PRODUCTS } from './microsoft-products.ts';
import { WORKLOAD_ISSUERS } from './workload-issuers.ts';

export const IDENTITY_PRODUCTS: readonly IdentityProduct[] = [
  ...MICROSOFT_PRODUCTS,
  {
    // Before Keycloak: its issuers also end in /realms/NAME.
    // https://docs.pingidentity.com/pingam/8/oauth2-guide/modifying-access-tokens-scripts.html
    name: 'ForgeRock',
    family: 'ForgeRock',
    issuer: /^https?:\/\/[^/]+\/(?:am|openam)\/oauth2(?:\/[^?#]*?)??(?:\/(?<tenant>[^/?#]+))?\/?$/i,
    isTenantOfServer: true,
    tokenTypes: ['JWT'],
    audience: 'the client that asked',
    scopeClaims: ['scope'],
    kindClaim: 'tokenName',
    ask: resource => `let an access token modification script of ForgeRock (PingAM) write ${resource} into aud`,
    clientAudience: {
      cause: 'ForgeRock (PingAM) writes the client that asked into aud, whatever API the token is for',
      remedy: 'let an access token modification script write the resource into aud',
    },
    jwksUri: issuer => `${issuer.replace(/\/$/, '')}/connect/jwk_uri`,
  },
  {
    // https://www.keycloak.org/docs/latest/server_admin/#audience-support; https://www.keycloak.org/docs/latest/upgrading/
    // (17: no more /auth; 25: nonce in ID tokens only).
    name: 'Keycloak',
    family: 'Keycloak',
    issuer: /^https?:\/\/[^/]+\/(?:[^?#]*\/)?realms\/(?<tenant>[^/]+)\/?$/,
    isTenantOfServer: true,
    tokenTypes: ['JWT', 'at+jwt'],
    audience: 'nothing until a mapper adds it, and the clients of which the user has a role',
    scopeClaims: ['scope', 'realm_access', 'resource_access'],
    nestedScopes: 'give the client a client scope of that name, or map the roles to a claim at the top, in Keycloak',
    kindClaim: 'typ',
    ask: resource =>
      `give the client a client scope with an audience mapper for ${resource} in Keycloak, and let it ask for that scope: Keycloak ignores the parameter resource`,
    parameters: (_, scopes) => [['scope', scopes.join(' ') || 'SCOPE_WITH_THE_AUDIENCE_MAPPER']],
    typeSetting:
      'switch on "Use "at+jwt" as access token header type" under Advanced of the client in Keycloak (access.token.header.type.rfc9068)',
    severalAudiences:
      '"Full scope allowed" is on for the client in Keycloak: it then writes each client on which the user has a role to aud; switch it off on the dedicated scope of the client',
    lightweight: {
      jti: /^[a-z]{2}lt[a-z]{2}:/,
      cause: 'it is a lightweight access token of Keycloak, which leaves out what no mapper adds to it',
      remedy:
        'switch on "Add to lightweight access token" in the mapper (lightweight.claim), or let the gateway ask for the rest: introspection with jwt: true',
    },
    inactive: client => ({
      cause: `Keycloak also says so of every token that is not for the asking client: "${client}" is not in the audience, or the session was ended`,
      remedy: 'set client_id to the client of this API, which its audience mapper names',
    }),
    withoutAudience: 'Keycloak writes no audience for an API until an audience mapper says so',
    apiAudiences: [
      {
        form: /^[\w.-]+$/,
        cause: 'in Keycloak an audience is the Client ID of a client, and this one is not the resource URI',
        condition:
          'if that is the client of this API and no other route is for it; or rename that client to the resource URI, which then also serves token exchange',
      },
    ],
    ownAudiences: [
      {
        form: /^account$/,
        what: 'the account console of Keycloak',
        ofIssuerOnly: true,
        cause:
          'Keycloak\'s "account" is the audience of its own account console, which "Full scope allowed" of the client adds: the client has no audience mapper for this API',
      },
      { form: /^broker$/, what: 'the identity broker of Keycloak', ofIssuerOnly: true },
      { form: /^realm-management$/, what: 'the administration of a realm of Keycloak', ofIssuerOnly: true },
    ],
    jwksUri: issuer => `${issuer.replace(/\/$/, '')}/protocol/openid-connect/certs`,
  },
  {
    // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
    name: 'Auth0',
    family: 'Auth0',
    issuer: /^https:\/\/(?<tenant>[^/]+)\.auth0\.com(?:\/|$)/,
    tokenTypes: ['JWT', 'at+jwt'],
    audience: 'the identifier of the API, and /userinfo where openid was asked for',
    scopeClaims: ['scope', 'permissions'],
    // https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery
    metadata: { member: 'mfa_challenge_endpoint', form: /\/mfa\/challenge$/ },
    ask: resource => `ask Auth0 with audience=${resource}, the identifier of the API there`,
    parameters: resource => [['audience', resource]],
    ownAudiences: [
      {
        form: /^https:\/\/[^/]+\.auth0\.com\/(?:userinfo|api\/v2)$/i,
        what: 'Auth0 itself (/userinfo or its Management API)',
        cause:
          'the token is for Auth0 itself (/userinfo or its Management API): the client did not name this API as audience',
      },
    ],
  },
  {
    // https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/ (claims; org and custom authorization servers)
    name: 'Okta',
    family: 'Okta',
    issuer: /^https:\/\/(?<tenant>[^/]+\.(?:okta|oktapreview|okta-emea)\.com(?:\/oauth2\/[^/]+)?)\/?$/,
    tokenTypes: ['JWT'],
    audience: 'that of the custom authorization server, whichever API was meant',
    scopeClaims: ['scp'],
    metadata: { member: 'jwks_uri', form: /\/oauth2\/(?:[^/]+\/)?v1\/keys$/ },
    idTokenMarks: ['amr', 'idp'],
    ask: resource => `use a custom authorization server of Okta whose audience is ${resource}`,
    ownAudiences: [
      {
        form: /^api:\/\/default$/i,
        what: 'the default authorization server of Okta',
        cause:
          '"api://default" is the audience of Okta\'s default authorization server: every API behind it would accept the same tokens',
      },
    ],
  },
  {
    // https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
    name: 'Amazon Cognito',
    family: 'Amazon Cognito',
    issuer: /^https:\/\/cognito-idp\.[^/]+\.amazonaws\.com(?:\.cn)?\/(?<tenant>[^/]+)\/?$/,
    tokenTypes: ['JWT'],
    audience: 'nothing, unless the client asked for a resource',
    scopeClaims: ['scope', 'cognito:groups'],
    audienceSetting: 'client_id',
    kindClaim: 'token_use',
    idTokenMarks: ['cognito:username'],
    ask: resource =>
      `ask Amazon Cognito with resource=${resource} in the authorization request (managed login, Essentials or Plus tier)`,
    withoutAudience:
      'access tokens of Amazon Cognito have client_id and no aud, unless the client asked for a resource',
  },
  {
    // https://cloud.google.com/docs/authentication/token-types
    name: 'Google',
    family: 'Google',
    issuer: /^(?:https:\/\/)?accounts\.google\.com$/,
    tokenTypes: ['JWT'],
    audience: 'the client, in ID tokens; its access tokens are opaque',
    isForEveryone: true,
    scopeClaims: [],
    idTokenMarks: ['hd', 'email'],
    ask: () =>
      'let an authorization server of your own exchange it (RFC 8693): Google issues no access token for your API',
    foreign: 'Google issues tokens for its own APIs and ID tokens for clients, none for other APIs',
  },
  {
    // https://developer.pingidentity.com/pingone-api/foundations/authentication-concepts/access-tokens-and-id-tokens/token-claims.html
    // (typ at+jwt always from March 2027)
    name: 'Ping',
    family: 'Ping',
    issuer: /^https:\/\/[^/]+\.(?:pingone\.[a-z.]+|pingidentity\.com)(?:\/(?<tenant>[^/]+)\/as)?\/?$/,
    tokenTypes: ['JWT', 'at+jwt'],
    audience: 'that of the custom resource of which a scope was granted',
    scopeClaims: ['scope', 'p1.permissions'],
    ask: resource => `ask for a scope of a custom resource of Ping whose audience is ${resource}`,
    withoutAudience: 'Ping writes an audience only where the resource, or the access token manager, sets one',
    ownAudiences: [
      {
        form: /^https:\/\/api\.pingone\./,
        what: 'the API of PingOne itself',
        cause: 'the token is for the API of PingOne itself, which is the default',
      },
    ],
  },
  {
    // https://zitadel.com/docs/apis/openidoauth/claims and …/scopes
    name: 'Zitadel',
    family: 'Zitadel',
    issuer: /^https:\/\/(?<tenant>[^/]+)\.zitadel\.(?:cloud|app)$/,
    tokenTypes: ['JWT'],
    audience: 'the IDs of the project and of its clients',
    scopeClaims: ['urn:zitadel:iam:org:project:roles'],
    scopeSetting: ['"urn:zitadel:iam:org:project:roles"'],
    metadata: { member: 'jwks_uri', form: /\/oauth\/v2\/keys$/ },
    idTokenMarks: ['acr', 'amr', 'auth_time', 'sid'],
    ask: () =>
      'ask Zitadel with scope=urn:zitadel:iam:org:project:id:PROJECT_ID:aud, and list that ID under audiences where the project is of this API alone',
    parameters: () => [['scope', 'urn:zitadel:iam:org:project:id:PROJECT_ID:aud']],
    foreign: 'Zitadel writes the IDs of projects and clients into aud, no resource',
  },
  ...WORKLOAD_ISSUERS,
];
