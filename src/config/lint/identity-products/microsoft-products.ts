/** Rows of the table of identity products for Microsoft. */

import type { IdentityProduct } from './identity-product.ts';

const GUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
const DIRECTORY = { pattern: new RegExp(`^${GUID}$`, 'i'), what: 'the GUID of its tenant' } as const;
const OWN_AUDIENCES: IdentityProduct['ownAudiences'] = [
  { form: /^(?:00000003-0000-0000-c000-000000000000|https:\/\/graph\.microsoft\.com)$/i, what: 'Microsoft Graph' },
  { form: /^(?:00000002-0000-0000-c000-000000000000|https:\/\/graph\.windows\.net)$/i, what: 'Azure AD Graph' },
  {
    form: /^(?:797f4846-ba00-4fd7-ba43-dac1f8f63013|https:\/\/management\.(?:azure\.com|core\.windows\.net))$/i,
    what: 'the management API of Azure',
  },
];
const ASK_ENTRA = (resource: string) =>
  `ask Entra ID with scope=APPLICATION_ID_URI/.default (or a scope of it), the Application ID URI being that of ${resource}`;
/** https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference */
const ENTRA = {
  family: 'Entra ID',
  tenantForm: DIRECTORY,
  tokenTypes: ['JWT'],
  scopeClaims: ['scp', 'roles'],
  scopeSetting: ['scp', 'roles'],
  shortScopes: 'scp of Entra ID holds the name of a scope alone, without the Application ID URI that clients ask with',
  idTokenMarks: ['c_hash'],
  ask: ASK_ENTRA,
  parameters: () => [['scope', 'APPLICATION_ID_URI/.default']],
  clientAudience: {
    cause: 'the API and its client are one app registration, whose ID tokens have the same aud',
    remedy: 'register the API by itself in Entra ID, so that its tokens have an aud of their own',
  },
  apiAudiences: [
    {
      form: new RegExp(`^${GUID}$`, 'i'),
      cause:
        'v2 tokens of Entra ID carry the application (client) ID of the API as aud, whatever resource or scope was asked for',
      condition: 'if it is the application (client) ID of this API, and of no other, in Entra ID',
    },
    {
      form: new RegExp(`^api://${GUID}$`, 'i'),
      cause:
        'v1 tokens of Entra ID carry the Application ID URI (api://…) as aud; v2 tokens the application (client) ID',
      condition:
        'if it is the Application ID URI of this API; or set requestedAccessTokenVersion (accessTokenAcceptedVersion) to 2 in its manifest and add its client ID',
    },
  ],
  ownAudiences: OWN_AUDIENCES,
  unverifiable: 'tokens for Microsoft Graph verify nowhere else',
} as const satisfies Partial<IdentityProduct>;

export const MICROSOFT_PRODUCTS: readonly IdentityProduct[] = [
  {
    // https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens, and …/external-id/customers/ for ciamlogin.com
    ...ENTRA,
    name: 'Entra ID v2',
    issuer:
      /^https:\/\/(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|(?<alias>[^/.]+\.ciamlogin\.com))\/(?<tenant>[^/]+)(?:\/v2\.0)?\/?$/i,
    audience: 'the application (client) ID of the API, a GUID',
  },
  {
    // The same page: v1 tokens come from the same endpoints unless the API's manifest sets another version.
    ...ENTRA,
    name: 'Entra ID v1',
    issuer: /^https:\/\/sts\.(?:windows\.net|chinacloudapi\.cn)\/(?<tenant>[^/]+)\/?$/i,
    audience: 'the Application ID URI of the API, api://…',
    instead: {
      product: 'Entra ID v2',
      how: "set requestedAccessTokenVersion (accessTokenAcceptedVersion) to 2 in the manifest of the API's app registration, and the tokens are v2",
    },
  },
  {
    // https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview
    ...ENTRA,
    name: 'Azure AD B2C',
    issuer: /^https:\/\/(?<alias>[^/.]+\.b2clogin\.com)\/(?:tfp\/)?(?<tenant>[^/]+)(?:\/[^/]+)?\/v2\.0\/?$/i,
    audience: 'the application (client) ID of the API, a GUID',
    scopeClaims: ['scp'],
    scopeSetting: ['scp'],
    clientAudience: {
      cause: 'in Azure AD B2C the API and its client are one application, whose ID tokens have the same aud',
      remedy: 'register the API by itself in Azure AD B2C, so that its tokens have an aud of their own',
    },
  },
  {
    // https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-oidce/f629647a-4825-465b-80bb-32c7e9cec2c8
    // access_token_issuer; https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/development/ad-fs-openid-connect-oauth-concepts
    name: 'AD FS',
    family: 'AD FS',
    issuer: /^https?:\/\/(?<alias>[^/:]+)(?::\d+)?\/adfs(?:\/services\/trust)?\/?$/i,
    tokenTypes: ['JWT'],
    audience: 'the identifier of the Web API, with microsoft:identityserver: before it where that is no URI',
    scopeClaims: ['scp'],
    ask: resource => `ask AD FS with resource=${resource}, the identifier of a Web API there`,
    ownAudiences: [{ form: /^urn:microsoft:userinfo$/, what: 'the userinfo endpoint of AD FS' }],
    jwksUri: issuer => `https://${new URL(issuer).host}/adfs/discovery/keys`,
  },
];
