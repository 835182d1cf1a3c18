/**
 * Tokens in the form of identity products: `explain` names the product and, where only the YAML can be changed, the line. No advice
 * lets other tokens in, and none repeats a token.
 */

import { describe, expect, test } from 'vitest';
import { CLIENT, ENTRA_V2, explainRequest, KEYCLOAK, PLAIN, TENANT, useExplainWorld } from './world.ts';

useExplainWorld();

const ENTRA_V1 = `https://sts.windows.net/${TENANT}/`;
const B2C = `https://contoso.b2clogin.com/${TENANT}/v2.0/`;
const FORGEROCK = 'https://am.example.com/am/oauth2/realms/root/realms/alpha';
const ADFS = 'http://fs.example.com/adfs/services/trust';
const AUTH0 = 'https://shop.eu.auth0.com/';

describe('an allowed token type with the claims of an ID token: not called an ID token', () => {
  test.for([
    [
      'Keycloak with nonce',
      { iss: KEYCLOAK, aud: 'web', azp: 'web', nonce: 'n', scope: 'openid orders:read', typ: 'Bearer' },
    ],
    [
      'Keycloak with nonce and roles only',
      { iss: KEYCLOAK, aud: 'account', azp: 'web', nonce: 'n', realm_access: { roles: [] } },
    ],
    ['B2C with aud = azp', { iss: B2C, aud: CLIENT, azp: CLIENT, scp: 'read', nonce: 'n', tfp: 'B2C_1_susi' }],
    [
      'ForgeRock with aud = client_id',
      { iss: FORGEROCK, aud: 'web', client_id: 'web', scope: ['read'], tokenName: 'access_token' },
    ],
    ['Okta with resource_access', { iss: PLAIN, aud: 'web', cid: 'web', resource_access: {}, at_hash: 'h' }],
    ['Entra ID, an application', { iss: ENTRA_V2, aud: CLIENT, azp: CLIENT, roles: ['read'] }],
  ] as const)('%s: an access token for another API, no alias advised', async ([, claims]) => {
    const explanation = await explainRequest({ issuers: { [claims.iss]: {} }, claims });
    expect(explanation).toMatchObject({ code: 2, reason: 'wrong_audience' });
    expect(explanation.cause).not.toContain('ID token,');
    expect(explanation.cause).not.toContain('no access token');
    expect(explanation.remedy?.path).toBeNull();
  });

  test.for([
    [
      B2C,
      { aud: CLIENT, azp: CLIENT, scp: 'read' },
      'Azure AD B2C the API and its client are one application',
      'register the API by itself',
    ],
    [
      FORGEROCK,
      { aud: 'web', client_id: 'web', scope: 'read' },
      'writes the client that asked into aud',
      'access token modification script',
    ],
    [ENTRA_V2, { aud: CLIENT, azp: CLIENT, scp: 'read' }, 'one app registration', 'register the API by itself'],
  ] as const)('%s: why the audience is the client, and why not to accept it', async ([iss, claims, cause, remedy]) => {
    const explanation = await explainRequest({ issuers: { [iss]: {} }, claims });
    expect(explanation.cause).toContain(cause);
    expect(explanation.remedy?.text).toContain(remedy);
    expect(explanation.remedy?.text).toContain('not to be accepted');
    expect(explanation.text).not.toContain(`add "${String(claims.aud)}"`);
  });

  test.for([
    ['no scope and a nonce', { nonce: 'n', aud: 'web' }, 'an ID token', 'wrong_token_type'],
    ['no scope and s_hash', { s_hash: 'h', aud: 'web' }, 'an ID token', 'wrong_token_type'],
    [
      'the kind named, beside a scope (Keycloak)',
      { typ: 'Refresh', scope: 'openid', aud: KEYCLOAK },
      'a refresh token',
      'wrong_token_type',
    ],
    ['the kind named in another case', { typ: 'ID', azp: 'web', aud: 'web' }, 'an ID token', 'wrong_token_type'],
    ['the kind named (ForgeRock)', { tokenName: 'id_token', aud: 'web' }, 'an ID token', 'wrong_audience'],
    ['the kind named (Cognito)', { token_use: 'id', aud: 'web', scope: 'x' }, 'an ID token', 'wrong_token_type'],
  ] as const)('%s: named as what it is', async ([, claims, what, reason]) => {
    const explanation = await explainRequest({ issuers: { [KEYCLOAK]: {} }, claims: { iss: KEYCLOAK, ...claims } });
    expect(explanation).toMatchObject({ code: 2, reason });
    expect(explanation.cause).toContain(what);
  });
});

describe('an issuer of the same product and tenant under another name: the key to write', () => {
  test.for([
    ['v1 against v2', ENTRA_V2, {}, ENTRA_V1, 'requestedAccessTokenVersion'],
    ['v2 against v1', ENTRA_V1, {}, ENTRA_V2, 'leave its jwks_file'],
    ['without /v2.0', `https://login.microsoftonline.com/${TENANT}`, {}, ENTRA_V2, 'leave its jwks_file'],
    [
      'B2C by its policy',
      `https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0/`,
      {},
      B2C,
      'leave its jwks_file',
    ],
    ['B2C by tfp', `https://contoso.b2clogin.com/tfp/${TENANT}/B2C_1_susi/v2.0/`, {}, B2C, 'leave its jwks_file'],
    ['AD FS', 'https://fs.example.com/adfs', null, ADFS, 'with jwks_uri: https://fs.example.com/adfs/discovery/keys'],
    [
      'AD FS with a port that is none',
      'https://fs.example.com/adfs',
      null,
      `${ADFS.replace('.com', '.com:99999')}`,
      'with jwks_uri: https://fs',
    ],
    ['AD FS by https', 'https://fs.example.com/adfs/services/trust', {}, ADFS, 'leave its jwks_file'],
    [
      'Keycloak, internal and public',
      'http://keycloak:8080/realms/shop',
      null,
      KEYCLOAK,
      'with jwks_uri: http://keycloak:8080/realms/shop/protocol/openid-connect/certs',
    ],
    [
      'Keycloak, public and internal',
      KEYCLOAK,
      {},
      'http://keycloak.sso.svc.cluster.local/realms/shop',
      'leave its jwks_file',
    ],
    [
      'Keycloak, localhost',
      'http://keycloak:8080/realms/shop',
      {},
      'http://localhost:8080/realms/shop',
      'leave its jwks_file',
    ],
    [
      'Keycloak, the older /auth',
      'https://sso.example.com/auth/realms/shop',
      null,
      KEYCLOAK,
      'which is what these tokens carry',
    ],
    ['Keycloak, by http', KEYCLOAK, {}, 'http://sso.example.com/realms/shop', 'leave its jwks_file'],
    [
      'ForgeRock, the short name of the realm',
      FORGEROCK,
      {},
      'https://am.example.com:443/am/oauth2/alpha',
      'leave its jwks_file',
    ],
    [
      'Kubernetes',
      'https://kubernetes.default.svc',
      {},
      'https://kubernetes.default.svc.cluster.local',
      'leave its jwks_file',
    ],
    ['a slash', AUTH0.slice(0, -1), {}, AUTH0, 'which is what these tokens carry'],
  ] as const)('%s', async ([, key, settings, iss, text]) => {
    const explanation = await explainRequest({ issuers: { [key]: settings }, claims: { iss } });
    expect(explanation).toMatchObject({
      code: 2,
      reason: 'untrusted_issuer',
      remedy: { path: `issuers.${key}`, line: 2 },
    });
    expect(explanation.remedy?.text).toContain(`write the key as "${iss}"`);
    expect(explanation.remedy?.text).toContain(text);
    expect(explanation.remedy?.text).not.toContain('let the client');
  });

  test.for([
    'https://login.microsoftonline.com/common/v2.0',
    'https://login.microsoftonline.com/organizations/v2.0',
    'https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0',
  ])('%s: the tenant is missing in the issuer', async key => {
    const explanation = await explainRequest({ issuers: { [key]: {} }, claims: { iss: ENTRA_V2 } });
    expect(explanation).toMatchObject({ reason: 'untrusted_issuer', remedy: { path: `issuers.${key}`, line: 2 } });
    expect(explanation.cause).toContain('no token carries');
    expect(explanation.remedy?.text).toContain(`write "${ENTRA_V2}" as the key, if that is your own tenant`);
  });

  test.for([
    ['another tenant', ENTRA_V2, ENTRA_V2.replace('72f9', '82f9')],
    ['another tenant, v1', ENTRA_V2, ENTRA_V1.replace('72f9', '82f9')],
    ['another realm', KEYCLOAK, 'https://sso.example.com/realms/staging'],
    ['a realm in another case', KEYCLOAK, 'https://sso.example.com/realms/Shop'],
    ["a stranger's realm of the same name", KEYCLOAK, 'https://sso.example.net/realms/shop'],
    ["a stranger's AD FS", 'https://fs.example.com/adfs', 'http://fs.example.net/adfs/services/trust'],
    ['another product', KEYCLOAK, ENTRA_V2],
    ['an unknown product', PLAIN, 'https://login.example.org'],
    ['another authorization server of one Okta', 'https://a.okta.com/oauth2/default', 'https://a.okta.com'],
  ] as const)('%s: no key is to be written', async ([, key, iss]) => {
    const explanation = await explainRequest({ issuers: { [key]: {} }, claims: { iss } });
    expect(explanation).toMatchObject({ reason: 'untrusted_issuer', remedy: { path: null } });
    expect(explanation.cause).toContain('is none of the issuers of this gateway');
    expect(explanation.remedy?.text).not.toContain('write');
  });
});
