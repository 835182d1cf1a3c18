/** Each reason of a denial, with its cause and what to do. */

import { describe, expect, test } from 'vitest';
import { isDecidedWithin, REASONS } from '../../../src/denial.ts';
import {
  AUTH0,
  BILLING,
  billing,
  broken,
  COGNITO,
  ENTRA,
  explainTwice,
  explainYaml,
  issuer,
  KEYCLOAK,
  OKTA,
  PROFILE,
  server,
  sign,
  useExplainFixture,
} from './fixture.ts';

useExplainFixture();

const GUID = '6731de76-14a6-49ae-97bc-6eba6914391e';

const TENANT = 'https://tenant.example.com/';
const TENANT_URL = 'https://gateway.example.com/tenant';

const lineOf = (text: string) =>
  explainYaml()
    .split('\n')
    .findIndex(line => line.includes(text)) + 1;

interface Cause {
  readonly name: string;
  readonly token: () => Promise<string | undefined>;
  readonly url?: string;
  readonly more?: readonly string[];
  readonly reason: string;
  readonly failed: string;
  readonly lines: readonly string[];
  /** In the YAML. */
  readonly at?: string;
}

const CAUSES: readonly Cause[] = [
  {
    name: 'a trailing slash',
    token: () => sign({ aud: 'https://billing.example.com' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: [
      '               presented https://billing.example.com\n               expected  https://billing.example.com/\n' +
        '                                                    ^ trailing slash',
      'routes./billing.audiences: add "https://billing.example.com"',
    ],
    at: '/billing:',
  },
  {
    name: 'the case of the host',
    token: () => sign({ aud: 'https://Billing.example.com/' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: ['                                 ^ letter case of the host', 'add "https://Billing.example.com/"'],
    at: '/billing:',
  },
  {
    name: 'a default port',
    token: () => sign({ aud: 'https://billing.example.com:443/' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: ['^ default port', 'add "https://billing.example.com:443/"'],
    at: '/billing:',
  },
  {
    name: 'http for https: nothing is to be added',
    token: () => sign({ aud: 'http://billing.example.com/' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: ['^ http, not https', 'which is no resource of this gateway', 'resource=https://billing.example.com/'],
  },
  {
    name: "a sibling's token",
    token: async () => (await server.requestToken({ resource: PROFILE, scope: 'profile:read' })).accessToken,
    reason: 'wrong_audience',
    failed: 'audience',
    lines: [
      'presented: https://profile.example.com/',
      'the token is for https://profile.example.com/, the resource of route "/profile", and not for https://billing.example.com/',
      'resource=https://billing.example.com/',
    ],
  },
  {
    name: "a sibling's twin is not offered as an alias",
    token: () => sign({ aud: 'https://profile.example.com' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: [
      'the token seems to be for https://profile.example.com/, the resource of route "/profile" (trailing slash)',
    ],
  },
  {
    name: 'the GUID of Entra ID',
    token: () => sign({ iss: ENTRA, aud: GUID, ver: '2.0' }, { typ: 'JWT' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: [
      'v2 tokens of Entra ID carry the application (client) ID',
      `routes./billing.audiences: add "${GUID}", if it is`,
    ],
    at: '/billing:',
  },
  {
    name: 'Microsoft Graph is never to be added',
    token: () => sign({ iss: ENTRA, aud: '00000003-0000-0000-c000-000000000000' }, { typ: 'JWT' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: ['the token is for Microsoft Graph, and for nobody else'],
  },
  {
    name: 'no aud (Amazon Cognito)',
    token: () => sign({ iss: COGNITO, aud: undefined, token_use: 'access' }, { typ: undefined }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: [
      'presented: missing',
      'access tokens of Amazon Cognito have client_id and no aud',
      'a token without aud is never accepted',
    ],
  },
  {
    name: 'account (Keycloak)',
    token: () => sign({ iss: KEYCLOAK, aud: 'account' }, { typ: 'JWT' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: ['no audience mapper for this API', 'an audience mapper for https://billing.example.com/ in Keycloak'],
  },
  {
    name: 'api://default (Okta)',
    token: () => sign({ iss: OKTA, aud: 'api://default' }, { typ: 'JWT' }),
    reason: 'wrong_audience',
    failed: 'audience',
    lines: ["Okta's default authorization server", 'a custom authorization server of Okta'],
  },
  {
    name: 'a second audience /userinfo (Auth0)',
    token: () => sign({ iss: AUTH0, aud: ['https://alone.example.com/', `${AUTH0}userinfo`] }, { typ: 'at+jwt' }),
    url: 'https://gateway.example.com/alone',
    reason: 'wrong_audience',
    failed: 'audience',
    lines: ['presented: multiple', 'leave out the scope openid'],
    at: '/alone:',
  },
  {
    name: 'an ID token',
    token: () => sign({ iss: AUTH0, aud: 'shop', nonce: 'n', scope: undefined }, { typ: 'JWT' }),
    reason: 'wrong_token_type',
    failed: 'kind',
    lines: ['presented id_token', 'it is an ID token', 'send the access token; ask Auth0 with audience='],
  },
  {
    name: 'expired, and what would follow',
    token: () => sign({ aud: PROFILE, iat: 1_700_000_000, exp: 1_700_000_600 }),
    more: ['--at', '2023-11-14T22:30:00Z'],
    reason: 'token_expired',
    failed: 'time',
    lines: [
      'presented exp 2023-11-14T22:23:20Z (6 min 40 s ago)',
      'expected  now 2023-11-14T22:30:00Z',
      'would be denied next for wrong_audience',
    ],
  },
  {
    name: 'taken back',
    token: () => sign({ jti: 'taken-back' }),
    reason: 'revoked_token',
    failed: 'revocation',
    lines: ['presented revoked: jti taken-back', 'an entry of revoked fits: "jti taken-back"', 'get a new token'],
    at: 'revoked:',
  },
  {
    name: 'not yet valid',
    token: () => sign({ nbf: 4_000_000_000, exp: 4_000_000_600 }),
    reason: 'token_not_yet_valid',
    failed: 'time',
    lines: ["the issuer's clock is ahead", 'nbf 2096-10-02T07:06:40Z (in '],
  },
  {
    name: 'an issuer with a trailing slash',
    token: () => sign({ iss: `${issuer.issuer}/` }),
    reason: 'untrusted_issuer',
    failed: 'issuer',
    lines: ['^ trailing slash', 'write the key as the issuer writes iss: "http://127.0.0.1:'],
    at: 'algorithms: [ES256]',
  },
  {
    name: 'a stranger among issuers',
    token: () => sign({ iss: 'https://login.example.org' }),
    reason: 'untrusted_issuer',
    failed: 'issuer',
    lines: ['"https://login.example.org" is none of the issuers of this gateway'],
  },
  {
    name: 'an issuer of other routes',
    token: () => sign({ aud: 'https://picky.example.com/' }),
    url: 'https://gateway.example.com/picky',
    reason: 'untrusted_issuer',
    failed: 'issuer here',
    lines: ['the issuer is configured, but this route accepts'],
    at: '/picky:',
  },
  {
    name: 'a missing scope',
    token: async () => (await server.requestToken({ resource: BILLING, scope: 'billing:read' })).accessToken,
    more: ['--method', 'POST'],
    reason: 'insufficient_scope',
    failed: 'scope',
    lines: [
      'missing: billing:write',
      'scope "billing:read billing:write"',
      'HTTP/1.1 403 Forbidden',
      'error="insufficient_scope"',
    ],
  },
  {
    name: 'scopes in another claim',
    token: () => sign({ scope: undefined, roles: ['billing:read'] }),
    reason: 'insufficient_scope',
    failed: 'scope',
    lines: ['in the claim roles, which is not read', 'set roles: every token of this issuer is then judged by `roles`'],
    at: 'algorithms: [ES256]',
  },
  {
    name: 'roles of the realm',
    token: () => sign({ scope: undefined, realm_access: { roles: ['billing:read'] } }),
    reason: 'insufficient_scope',
    failed: 'scope',
    lines: ['in realm_access.roles, which is not read', 'routes./billing.scope_claim:', 'or set realm_access.roles'],
    at: '/billing:',
  },
  {
    name: 'another tenant',
    token: () => sign({ aud: TENANT, tid: 'tenant-2', level: 7, client_id: 'web' }),
    url: TENANT_URL,
    reason: 'wrong_claim',
    failed: 'required claims',
    lines: [
      'presented tid: "tenant-2"',
      'expected  tid: "tenant-1"',
      '"tid" is none of the values',
      'HTTP/1.1 403 Forbidden',
    ],
    at: '/tenant:',
  },
  {
    name: 'text in the token, a number in the YAML',
    token: () => sign({ aud: TENANT, tid: 'tenant-1', level: '7', client_id: 'web' }),
    url: TENANT_URL,
    reason: 'wrong_claim',
    failed: 'required claims',
    lines: ['"level" is text in the token, and a number in the YAML', 'write "7", as the issuer does'],
    at: '/tenant:',
  },
  {
    name: 'no client',
    token: () => sign({ aud: TENANT, tid: 'tenant-1', level: 7, client_id: undefined }),
    url: TENANT_URL,
    reason: 'wrong_claim',
    failed: 'required claims',
    lines: ['the token names no client: it has none of client_id, azp, appid, cid as text'],
    at: '/tenant:',
  },
  {
    name: 'an ID token that names its kind',
    token: () => sign({ typ: 'ID' }),
    reason: 'wrong_token_type',
    failed: 'kind',
    lines: ['presented ID', 'it is an ID token, which tells a client who signed in'],
  },
  {
    name: 'an ID token of Keycloak that has expired',
    token: () => sign({ typ: 'ID', exp: 1 }, { typ: 'JWT' }),
    reason: 'wrong_token_type',
    failed: 'kind',
    lines: ['presented ID', 'it is an ID token'],
  },
  {
    name: 'exp in milliseconds',
    token: () => sign({ exp: Date.now() + 60_000 }),
    reason: 'malformed_token',
    failed: 'claims',
    lines: ['exp is in milliseconds, where seconds belong'],
  },
  {
    name: 'two members of one name',
    token: () => Promise.resolve(forgeText(`{"iss":"a","iss":"${issuer.issuer}"}`)),
    reason: 'malformed_token',
    failed: 'form',
    lines: ['its payload has two members of one name'],
  },
  {
    name: 'a nested token',
    token: async () => forgeText(await sign({})),
    reason: 'malformed_token',
    failed: 'form',
    lines: ['it holds another token (a nested JWT, RFC 7519 section 5.2)'],
  },
  {
    name: 'an unknown key',
    token: () => sign({}, { kid: 'key-of-staging' }),
    reason: 'unknown_key',
    failed: 'key',
    lines: ['presented kid key-of-staging', 'expected  kid key-1', 'publishes no key "key-of-staging"'],
    at: 'algorithms: [ES256]',
  },
  {
    name: 'no keys',
    token: () => sign({ iss: broken.issuer }),
    reason: 'keys_unavailable',
    failed: 'key',
    lines: ['the answer has status 500', 'HTTP/1.1 503 Service Unavailable', 'Retry-After: 5'],
    at: '/jwks }',
  },
  {
    name: 'a changed signature',
    token: async () => (await sign({})).replace(/[^.]+$/, 'A'.repeat(86)),
    reason: 'bad_signature',
    failed: 'signature',
    lines: ['the token was changed after it was signed'],
  },
  {
    name: 'another algorithm',
    token: () => Promise.resolve(forge({ alg: 'RS256', kid: 'key-1' })),
    reason: 'bad_signature',
    failed: 'algorithm',
    lines: ['presented RS256', 'algorithms: add RS256'],
    at: 'algorithms: [ES256]',
  },
  {
    name: 'alg none is never to be added',
    token: () => Promise.resolve(forge({ alg: 'none' })),
    reason: 'bad_signature',
    failed: 'algorithm',
    lines: ['"none" is an algorithm that is never accepted'],
  },
  {
    name: 'no at+jwt',
    token: () => sign({}, { typ: 'JWT' }),
    reason: 'wrong_token_type',
    failed: 'type',
    lines: ['presented JWT', 'expected  at+jwt', 'token_types: let the issuer write typ at+jwt'],
    at: 'algorithms: [ES256]',
  },
  {
    name: 'an opaque token',
    token: async () => (await server.requestToken({})).accessToken,
    reason: 'malformed_token',
    failed: 'form',
    lines: ['oidc-provider: no resource'],
  },
  {
    name: 'no exp',
    token: () => sign({ exp: undefined }),
    reason: 'malformed_token',
    failed: 'claims',
    lines: ['the token has no exp'],
  },
  {
    name: 'a method without a rule',
    token: () => sign({}),
    more: ['--method', 'DELETE'],
    reason: 'method_not_allowed',
    failed: 'method',
    lines: ['HTTP/1.1 405 Method Not Allowed', 'Allow: GET, HEAD, POST', 'add DELETE (or "*")'],
    at: '    scopes:',
  },
  {
    name: 'dot segments, as they are',
    token: () => sign({}),
    url: 'https://gateway.example.com/profile/%2e%2e/billing',
    reason: 'ambiguous_path',
    failed: 'path',
    lines: [
      'presented /profile/%2e%2e/billing\n                                  ^ a dot segment',
      'HTTP/1.1 400 Bad Request',
    ],
  },
  {
    name: 'an encoded slash',
    token: () => sign({}),
    url: billing('/a%2Fb'),
    reason: 'ambiguous_path',
    failed: 'path',
    lines: ['^ %2F: servers read it differently', 'routes./billing.allow_encoded: let the client'],
    at: '/billing:',
  },
  {
    name: 'no route but nearly',
    token: () => sign({}),
    url: 'https://gateway.example.com/biling/invoices',
    reason: 'no_route',
    failed: 'route',
    lines: ['the nearest route is "/billing"', 'HTTP/1.1 404 Not Found'],
    at: '/billing:',
  },
  {
    name: 'a route of another host',
    token: () => sign({}),
    url: '/users',
    reason: 'no_route',
    failed: 'route',
    lines: ['Host is assumed to be localhost:8080', 'only for the host admin.example.com, not for localhost'],
  },
];

function forge(header: unknown): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode(header)}.${encode({ iss: issuer.issuer, aud: BILLING, exp: 4e9 })}.c2ln`;
}

/** With a payload that is not encoded again. */
function forgeText(payload: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt' })).toString('base64url');
  return `${header}.${Buffer.from(payload).toString('base64url')}.c2ln`;
}

/** In near-misses.test.ts, and in introspected-tokens.test.ts; no request of explain has an Origin. */
const ELSEWHERE = ['origin_not_allowed', 'missing_token', 'malformed_credentials', 'inactive_token'];

test('causes: one for every reason from path to scope', () => {
  const explained = new Set([...CAUSES.map(({ reason }) => reason), ...ELSEWHERE]);
  const reasons = REASONS.filter(reason => isDecidedWithin(reason, 'path', 'scope'));
  expect(reasons.filter(reason => !explained.has(reason))).toEqual([]);
});

describe('causes of a denial', () => {
  test.for(CAUSES)('$name: $reason', async ({ token, url = billing(), more = [], reason, failed, lines, at }) => {
    const { code, stdout, json } = await explainTwice(await token(), url, ...more);
    expect({ code, reason: json.reason, decision: json.decision }).toEqual({ code: 2, reason, decision: 'refused' });
    expect(json.checks.filter((check: { verdict: string }) => check.verdict === 'fail')).toEqual([
      expect.objectContaining({ name: failed }),
    ]);
    for (const line of lines) expect(stdout).toContain(line);
    expect(stdout).toContain(`"reason":"${reason}","request_id":"<request_id>"`);
    expect(json.remedy?.line ?? undefined).toBe(at === undefined ? undefined : lineOf(at));
    expect(stdout).not.toContain('\x1b');
  });
});
