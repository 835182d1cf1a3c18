/**
 * The form of the access tokens of identity products, from their public documentation. `config/recipes/NAME.yaml` belongs to each.
 * Times and `iss` are added by the test.
 */

type Members = Readonly<Record<string, unknown>>;

export interface ProductToken {
  /** Beside `alg` and `kid`. */
  readonly header: Members;
  /** A token that the recipe accepts. */
  readonly claims: Members;
  /** What differs in a token for another API, or of somebody else where an issuer has no APIs. */
  readonly other: Members;
  readonly reason: string;
  /** What the operator reads of that token. */
  readonly cause: RegExp;
  readonly remedy: RegExp;
}

const RESOURCE = 'https://billing.example.com/';
const PROFILE = 'https://profile.example.com/';
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const API = '6731de76-14a6-49ae-97bc-6eba6914391e';
const CLIENT = '00001111-aaaa-2222-bbbb-3333cccc4444';
const OTHER_API = '11112222-bbbb-3333-cccc-4444dddd5555';

/** https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference */
const ENTRA_V2 = {
  header: { typ: 'JWT' },
  claims: {
    aud: API,
    azp: CLIENT,
    azpacr: '1',
    oid: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb',
    scp: 'billing.read',
    sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
    tid: TENANT,
    uti: 'fqiBqXLPj0eQa82S-IYFAA',
    ver: '2.0',
  },
  other: { aud: OTHER_API },
  reason: 'wrong_audience',
  cause: /application \(client\) ID/,
  remedy: /add "11112222-bbbb-3333-cccc-4444dddd5555", if/,
} as const;

export const PRODUCT_TOKENS: Readonly<Record<string, ProductToken>> = {
  // As Keycloak 26.7.3 was seen to write it.
  keycloak: {
    header: { typ: 'at+jwt' },
    claims: {
      jti: 'trrtcc:404f3141-78a2-bb4f-faaf-8b6d216a03f7',
      aud: RESOURCE,
      sub: 'a1bd778c-168d-4961-b4a4-0c542e475436',
      typ: 'Bearer',
      azp: 'nightly-batch',
      scope: 'billing:read',
      clientHost: '127.0.0.1',
      client_id: 'nightly-batch',
    },
    other: { aud: 'account' },
    reason: 'wrong_audience',
    cause: /account console/,
    remedy: /audience mapper/,
  },
  'entra-v2': ENTRA_V2,
  'entra-external-id': ENTRA_V2,
  'entra-v1': {
    header: { typ: 'JWT' },
    claims: {
      aud: `api://${API}`,
      acr: '1',
      appid: CLIENT,
      appidacr: '0',
      oid: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb',
      scp: 'billing.read',
      sub: 'l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA',
      tid: TENANT,
      ver: '1.0',
    },
    other: { aud: 'https://graph.microsoft.com' },
    reason: 'wrong_audience',
    cause: /Microsoft Graph/,
    remedy: /scope/,
  },
  // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
  auth0: {
    header: { typ: 'at+jwt' },
    claims: {
      sub: 'auth0|5c1f2a3b4d5e6f7081920a1b',
      aud: [RESOURCE, 'https://shop.eu.auth0.com/userinfo'],
      client_id: 'my_client_id',
      jti: 'N5sGkFyLfYv2vDbuBuGGxZ',
      scope: 'openid profile billing:read',
    },
    other: { aud: 'https://shop.eu.auth0.com/api/v2/' },
    reason: 'wrong_audience',
    cause: /Auth0 itself/,
    remedy: /audience=https:\/\/billing\.example\.com\//,
  },
  // https://developer.okta.com/docs/guides/tokens/
  okta: {
    header: {},
    claims: {
      ver: 1,
      jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      aud: RESOURCE,
      cid: 'nmdP1fcyvdVO11AL7ECm',
      uid: '00uid4BxXw6I6TV4m0g3',
      scp: ['openid', 'billing:read'],
      sub: 'john.doe@example.com',
    },
    other: { aud: 'api://default' },
    reason: 'wrong_audience',
    cause: /default authorization server/,
    remedy: /custom authorization server/,
  },
  // https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
  cognito: {
    header: {},
    claims: {
      aud: RESOURCE,
      sub: 'aaaaaaaa-bbbb-cccc-dddd-example',
      client_id: 'xxxxxxxxxxxxexample',
      origin_jti: 'aaaaaaaa-bbbb-cccc-dddd-example',
      event_id: 'aaaaaaaa-bbbb-cccc-dddd-example',
      token_use: 'access',
      scope: 'phone openid billing/read',
      version: 2,
      username: 'my-test-user',
    },
    other: { aud: undefined },
    reason: 'wrong_audience',
    cause: /no aud, unless the client asked for a resource/,
    remedy: /resource=https:\/\/billing\.example\.com\//,
  },
  // https://cloud.google.com/docs/authentication/get-id-token
  google: {
    header: { typ: 'JWT' },
    claims: {
      aud: RESOURCE,
      azp: '112233445566778899001',
      email: 'web@shop-123456.iam.gserviceaccount.com',
      email_verified: true,
      sub: '112233445566778899001',
    },
    other: { email: 'anybody@other-project.iam.gserviceaccount.com' },
    reason: 'wrong_claim',
    cause: /email/,
    remedy: /./,
  },
  // https://workos.com/docs/authkit/mcp
  'workos-authkit': {
    header: { typ: 'JWT' },
    claims: {
      aud: RESOURCE,
      sub: 'user_01HBEQKA6K4QJAS93VPE39W1JT',
      client_id: 'client_01KEXAMPLE',
      scope: 'openid profile',
      sid: 'session_01HQSXZGF8FHF7A9ZZFCW4387R',
      jti: '01HQSXZXPPFPKMDD32RKTFY6PV',
    },
    other: { aud: 'client_01HXEXAMPLE' },
    reason: 'wrong_audience',
    cause: /client_01HXEXAMPLE/,
    remedy: /resource=https:\/\/billing\.example\.com\//,
  },
  // https://zitadel.com/docs/apis/openidoauth/claims
  zitadel: {
    header: { typ: 'JWT' },
    claims: {
      aud: ['289047053872431106@billing', '289047053872365570'],
      client_id: '289047053872431106@billing',
      jti: 'V2_289047500000000000-at_289047500000065536',
      sub: '170086363054473473',
      'urn:zitadel:iam:org:project:roles': { 'billing-reader': { '170086305651613697': 'shop.zitadel.cloud' } },
    },
    other: { aud: ['289047053872431106@other', '289047053872300000'] },
    reason: 'wrong_audience',
    cause: /IDs of projects and clients/,
    remedy: /urn:zitadel:iam:org:project:id:/,
  },
  // https://www.ory.com/docs/oauth2-oidc/jwt-access-token
  'ory-hydra': {
    header: { typ: 'JWT' },
    claims: {
      aud: [RESOURCE],
      client_id: '57938df9-b7a7-4a6e-8ec1-5f7ec0f77ba7',
      ext: {},
      jti: '3b1b4a3f-1f5d-4b39-8b47-2a3dbdb1f8a0',
      scp: ['billing:read'],
      sub: '57938df9-b7a7-4a6e-8ec1-5f7ec0f77ba7',
    },
    other: { aud: [] },
    reason: 'wrong_audience',
    cause: /no aud/,
    remedy: /a token without aud is never accepted/,
  },
  // https://developer.pingidentity.com/pingone-api/foundations/authentication-concepts/access-tokens-and-id-tokens/token-claims.html
  ping: {
    header: {},
    claims: {
      aud: [RESOURCE],
      client_id: '8a5d3c2e-1111-4f7f-9d2a-0c3f5a7b9e11',
      env: '5ebf0af8-77a0-4c2d-8c0e-7bd44d9cc5c9',
      org: 'b8bd9d2c-4a2a-4b1f-8f8e-7e6a5d4c3b2a',
      'p1.rid': 'f1d7c3f0-2222-4d6b-8f6e-0d2f1e3c5b7a',
      scope: 'billing:read',
      sub: 'c4d5e6f7-3333-4a5b-9c8d-7e6f5a4b3c2d',
    },
    other: { aud: ['https://api.pingone.eu'] },
    reason: 'wrong_audience',
    cause: /API of PingOne itself/,
    remedy: /custom resource of Ping whose audience is https:\/\/billing/,
  },
  // https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/overview/ad-fs-openid-connect-oauth-concepts
  'ad-fs': {
    header: { typ: 'JWT', x5t: 'bQcA0Lq3k8sYh3n1mZ4w2fXkq9E' },
    claims: {
      aud: RESOURCE,
      apptype: 'Confidential',
      appid: CLIENT,
      authmethod: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      scp: 'billing.read',
      ver: '1.0',
    },
    other: { aud: 'urn:microsoft:userinfo' },
    reason: 'wrong_audience',
    cause: /userinfo/,
    remedy: /./,
  },
  // https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
  kubernetes: {
    header: {},
    claims: {
      aud: [RESOURCE],
      'kubernetes.io': {
        namespace: 'shop',
        node: { name: '127.0.0.1', uid: '58456cb0-dd00-45ed-b797-5578fdceaced' },
        pod: { name: 'web-69cbfb9798-jv9gn', uid: '778a530c-b3f4-47c0-9cd5-ab018fb64f33' },
        serviceaccount: { name: 'web', uid: 'a087d5a0-e1dd-43ec-93ac-f13d89cd13af' },
        warnafter: 1700081020,
      },
      sub: 'system:serviceaccount:shop:web',
    },
    other: { sub: 'system:serviceaccount:other:web' },
    reason: 'wrong_claim',
    cause: /sub/,
    remedy: /./,
  },
  // https://docs.github.com/en/actions/reference/security/oidc
  'github-actions': {
    header: { typ: 'JWT', x5t: 'example-thumbprint' },
    claims: {
      jti: 'example-id',
      sub: 'repo:shop/deploy:ref:refs/heads/main',
      aud: RESOURCE,
      ref: 'refs/heads/main',
      repository: 'shop/deploy',
      repository_owner: 'shop',
      run_id: '12345',
      actor: 'alice',
      workflow: 'deploy',
      event_name: 'push',
      ref_type: 'branch',
    },
    other: { repository: 'somebody/else', sub: 'repo:somebody/else:ref:refs/heads/main', repository_owner: 'somebody' },
    reason: 'wrong_claim',
    cause: /repository/,
    remedy: /./,
  },
  // https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md; `iss` with SPIRE's jwt_issuer
  spiffe: {
    header: { typ: 'JWT' },
    claims: { sub: 'spiffe://shop.example.com/ns/shop/sa/web', aud: [RESOURCE] },
    other: { aud: [PROFILE] },
    reason: 'wrong_audience',
    cause: /profile\.example\.com/,
    remedy: /./,
  },
  // As oidc-provider 9 writes it (RFC 9068).
  'oidc-provider': {
    header: { typ: 'at+jwt' },
    claims: { aud: RESOURCE, client_id: 'shop', sub: 'shop', scope: 'billing:read', jti: 'a3pXK0pQeL0mY0N3' },
    other: { aud: PROFILE },
    reason: 'wrong_audience',
    cause: /profile\.example\.com/,
    remedy: /resource=https:\/\/billing\.example\.com\//,
  },
};
