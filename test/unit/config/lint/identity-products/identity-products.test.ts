/** The table of identity products: each row finds the issuers that its vendor documents, and no row those of another. */

import { describe, expect, test } from 'vitest';
import { IDENTITY_PRODUCTS } from '../../../../../src/config/lint/identity-products/identity-products.ts';
import {
  findPlaceholder,
  isSameTenant,
  recogniseByMetadata,
  recogniseProduct,
} from '../../../../../src/config/lint/identity-products/issuer-product.ts';
import { POOL, TENANT, VENDOR_ISSUERS } from './vendor-issuers.ts';

test.for(Object.entries(VENDOR_ISSUERS))(
  '%s: each of its issuers recognised, none a placeholder',
  ([name, issuers]) => {
    expect(issuers.map(issuer => recogniseProduct(issuer).name)).toEqual(issuers.map(() => name));
    expect(issuers.map(findPlaceholder)).toEqual(issuers.map(() => undefined));
  },
);

test('every row: has issuers in this test and the columns that explain needs', () => {
  expect(IDENTITY_PRODUCTS.map(({ name }) => name).sort()).toEqual(Object.keys(VENDOR_ISSUERS).sort());
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
  ['Auth0', { mfa_challenge_endpoint: 'https://login.shop.example/mfa/challenge' }],
  ['Okta', { jwks_uri: 'https://login.shop.example/oauth2/v1/keys' }],
  ['Okta', { jwks_uri: 'https://login.shop.example/oauth2/aus1/v1/keys' }],
  ['Zitadel', { jwks_uri: 'https://login.shop.example/oauth/v2/keys' }],
  ['any', { jwks_uri: 'https://login.shop.example/.well-known/jwks.json' }],
  ['any', { jwks_uri: ['https://login.shop.example/oauth/v2/keys'], mfa_challenge_endpoint: null }],
  ['any', {}],
] as const)(
  '%s by its metadata %j, under a host name of its operator; a known name counts more',
  ([name, metadata]) => {
    expect(recogniseByMetadata('https://login.shop.example/', metadata).name).toBe(name);
    expect(recogniseByMetadata('https://shop.example/realms/x', metadata).name).toBe('Keycloak');
  },
);

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
