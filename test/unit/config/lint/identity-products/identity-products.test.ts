/** The table of identity products: each row finds the issuers that its vendor documents, and no row those of another. */

import { describe, expect, test } from 'vitest';
import { IDENTITY_PRODUCTS } from '../../../../../src/config/lint/identity-products/identity-products.ts';
import {
  findPlaceholder,
  isSameTenant,
  recogniseProduct,
} from '../../../../../src/config/lint/identity-products/issuer-product.ts';

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const POOL = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab1';

/** As they stand in `iss`, by the name of the row. */
const ISSUERS: Readonly<Record<string, readonly string[]>> = {
  'Entra ID v2': [
    `https://login.microsoftonline.com/${TENANT}/v2.0`,
    `https://login.microsoftonline.us/${TENANT}/v2.0`,
    `https://login.partner.microsoftonline.cn/${TENANT}/v2.0`,
    `https://contoso.ciamlogin.com/${TENANT}/v2.0`,
  ],
  'Entra ID v1': [`https://sts.windows.net/${TENANT}/`],
  'Azure AD B2C': [
    `https://contoso.b2clogin.com/${TENANT}/v2.0/`,
    `https://contoso.b2clogin.com/tfp/${TENANT}/b2c_1_susi/v2.0/`,
  ],
  'AD FS': [
    'http://fs.example.com/adfs/services/trust',
    'https://fs.example.com/adfs',
    'https://fs.example.com:8443/adfs',
  ],
  ForgeRock: [
    'https://am.example.com/am/oauth2',
    'https://am.example.com:443/am/oauth2/alpha',
    'https://am.example.com/openam/oauth2/realms/root/realms/alpha',
  ],
  Keycloak: ['https://sso.example.com/realms/shop', 'http://keycloak:8080/auth/realms/shop'],
  Auth0: ['https://shop.eu.auth0.com/', 'https://shop.auth0.com/'],
  Okta: ['https://shop.okta.com', 'https://shop.okta.com/oauth2/default', 'https://shop.oktapreview.com/oauth2/aus1'],
  'Amazon Cognito': [POOL],
  Google: ['https://accounts.google.com'],
  Ping: ['https://auth.pingone.eu/b1/as', 'https://auth.pingone.com.au/b1/as'],
  Zitadel: ['https://shop-a1b2.zitadel.cloud', 'https://shop.us1.zitadel.cloud'],
  'GitHub Actions': [
    'https://token.actions.githubusercontent.com',
    'https://token.actions.githubusercontent.com/octo-enterprise',
  ],
  Kubernetes: [
    'https://kubernetes.default.svc',
    'https://kubernetes.default.svc.cluster.local',
    'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E',
    'https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/c',
    `https://westeurope.oic.prod-aks.azure.com/${TENANT}/6731de76/`,
  ],
};

test.for(Object.entries(ISSUERS))('%s: each of its issuers recognised, none a placeholder', ([name, issuers]) => {
  expect(issuers.map(issuer => recogniseProduct(issuer).name)).toEqual(issuers.map(() => name));
  expect(issuers.map(findPlaceholder)).toEqual(issuers.map(() => undefined));
});

test('every row: has issuers in this test and the columns that explain needs', () => {
  expect(IDENTITY_PRODUCTS.map(({ name }) => name).sort()).toEqual(Object.keys(ISSUERS).sort());
  for (const { name, tokenTypes, audience, ask } of IDENTITY_PRODUCTS) {
    expect({ name, types: tokenTypes.length > 0, audience: audience !== '' }).toEqual({
      name,
      types: true,
      audience: true,
    });
    expect(ask('https://a/')).not.toMatch(/[.;]$/);
  }
});

test.for([
  'https://login.example.com',
  'https://okta.com.example/',
  'https://accounts.google.com.example',
  'https://auth0.com/',
  'https://example.com/realms',
  'https://login.microsoftonline.com.example/x/v2.0',
  `https://login.example.com/${'a/'.repeat(300)}realms/x`,
])('%s: no known product', issuer => {
  expect(recogniseProduct(issuer).name).toBe('any');
});

test.for([
  ['https://login.microsoftonline.com/common/v2.0', 'has "common" where each token of Entra ID v2 has the GUID'],
  ['https://login.microsoftonline.com/consumers/v2.0', 'has "consumers"'],
  ['https://login.microsoftonline.com/organizations', 'has "organizations"'],
  ['https://sts.windows.net/contoso.com/', 'has "contoso.com" where each token of Entra ID v1 has'],
  ['https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0/', 'has "contoso.onmicrosoft.com"'],
  ['https://login.microsoftonline.com/{tenantid}/v2.0', 'a placeholder in brackets'],
  ['https://login.example.com/<tenant>', 'a placeholder in brackets'],
  ['https://login.example.com/%7btenant%7d', 'a placeholder in brackets'],
  ['https://*.example.com', 'has a *'],
] as const)('%s: placeholder', ([key, why]) => {
  expect(findPlaceholder(key)).toContain(why);
});

describe('isSameTenant', () => {
  test.for([
    [`https://sts.windows.net/${TENANT}/`, `https://login.microsoftonline.com/${TENANT.toUpperCase()}/v2.0`],
    [`https://contoso.b2clogin.com/a.onmicrosoft.com/p/v2.0/`, `https://contoso.b2clogin.com/${TENANT}/v2.0/`],
    ['https://fs.example.com/adfs', 'http://FS.example.com/adfs/services/trust'],
    ['http://keycloak/realms/a', 'https://sso.example.com/auth/realms/a'],
    ['http://10.1.2.3:8080/realms/a', 'https://sso.example.com/realms/a'],
    ['https://auth.pingone.com/b1/as', 'https://auth.pingone.eu/b1/as'],
  ] as const)('%s and %s: same', ([one, other]) => {
    expect([isSameTenant(one, other), isSameTenant(other, one)]).toEqual([true, true]);
  });

  test.for([
    ['https://login.microsoftonline.com/common/v2.0', 'https://sts.windows.net/common/'],
    [`https://contoso.b2clogin.com/${TENANT.replace('7', '8')}/v2.0/`, `https://contoso.ciamlogin.com/${TENANT}/v2.0`],
    ['https://sso.example.com/realms/a', 'https://sso.example.org/realms/a'],
    ['https://sso.example.com/realms/a', 'http://keycloak/realms/A'],
    ['https://a.okta.com/oauth2/default', 'https://b.okta.com/oauth2/default'],
    [POOL, POOL.replace('Ab1', 'Ab2')],
    ['https://login.example.com', 'https://login.example.com/'],
  ] as const)('%s and %s: different', ([one, other]) => {
    expect([isSameTenant(one, other), isSameTenant(other, one)]).toEqual([false, false]);
  });
});

test('hostile iss of any form: recognised in no time', () => {
  const hostile = ['/realms', '.oic.azure.', '/oauth2/realms', 'x.', '[', '/'].flatMap(piece =>
    [500, 100_000].map(length => `https://${piece.repeat(Math.ceil(length / piece.length)).slice(0, length - 8)}`),
  );
  const begin = process.cpuUsage().user;
  for (const issuer of hostile) recogniseProduct(issuer);
  expect((process.cpuUsage().user - begin) / 1000).toBeLessThan(500);
});
