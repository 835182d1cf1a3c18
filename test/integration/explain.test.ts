/**
 * `audgate explain`: a real authorization server, an issuer that signs anything. Called in this process, save where the process
 * itself is asked about: a start of Node.js takes half a second, and ten on a busy machine.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { runExplain } from '../support/explain.ts';
import { startGateway } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';
import { sendRaw } from '../support/raw-http.ts';
import { type SignOptions, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

const PROFILE = 'https://profile.example.com/';
const BILLING = 'https://billing.example.com/';
const GUID = '6731de76-14a6-49ae-97bc-6eba6914391e';
const ENTRA = 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0';
const COGNITO = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example';
const KEYCLOAK = 'https://sso.example.com/realms/shop';
const OKTA = 'https://shop.okta.com/oauth2/default';
const AUTH0 = 'https://shop.eu.auth0.com/';
const SLIPPED = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln';

let folder: string;
let file: string;
let server: AuthorizationServer;
let issuer: TokenIssuer;
/** Answers 500 for its keys. */
let broken: TokenIssuer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-explain-'));
  file = join(folder, 'audgate.yaml');
  const resources = [
    { resource: PROFILE, scopes: ['profile:read'] },
    { resource: BILLING, scopes: ['billing:read', 'billing:write'] },
  ];
  [server, issuer, broken] = await Promise.all([
    startAuthorizationServer({ resources }),
    startTokenIssuer(),
    startTokenIssuer(),
  ]);
  broken.jwks = undefined;
  writeFileSync(file, configure());
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([server.close(), issuer.close(), broken.close()]);
});

function configure(): string {
  const vendors = [ENTRA, COGNITO, KEYCLOAK, OKTA, AUTH0].map(
    name => `  ${name}: { jwks_uri: ${issuer.jwksUri}, token_types: [at+jwt, JWT] }`,
  );
  return `listen: 0.0.0.0:8080
issuers:
  ${server.issuer}:
  ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri}, algorithms: [ES256] }
${vendors.join('\n')}
  ${broken.issuer}: { jwks_uri: ${broken.jwksUri} }
routes:
  /profile: { resource: ${PROFILE}, upstream: 'http://127.0.0.1:3001', scopes: [profile:read] }
  /billing:
    resource: ${BILLING}
    upstream: http://127.0.0.1:3002/api
    strip_prefix: true
    scopes:
      GET: [billing:read]
      POST /invoices: [billing:read, billing:write]
    claims_to_headers: { X-User: sub, X-Team: team }
  /legacy: { resource: https://legacy.example.com/, upstream: 'http://127.0.0.1:3003', enforcement: report, forward_token: true }
  /proven: { resource: https://proven.example.com/, upstream: 'http://127.0.0.1:3004', enforcement: verify }
  /alone: { resource: https://alone.example.com/, upstream: 'http://127.0.0.1:3005', multiple_audiences: only }
  /picky: { resource: https://picky.example.com/, upstream: 'http://127.0.0.1:3006', issuers: [${server.issuer}] }
  admin.example.com/: { resource: https://admin.example.com/, upstream: 'http://127.0.0.1:3007' }
  /status: { public: true, upstream: 'http://127.0.0.1:3008' }
`;
}

const lineOf = (text: string) =>
  configure()
    .split('\n')
    .findIndex(line => line.includes(text)) + 1;

async function explain(token: string | undefined, url: string, ...more: readonly string[]) {
  const source = token === undefined ? [] : ['--token-file', '-'];
  const { code, stdout, stderr } = await runExplain(['--config', file, ...source, ...more, url], token);
  expect(stderr).toBe('');
  // Neither the token nor its signature, whatever is explained.
  if (token !== undefined)
    for (const part of token.split('.')) if (part.length > 20) expect(stdout).not.toContain(part);
  return { code, stdout };
}

/** The same question, for people and for machines. */
async function explainTwice(token: string | undefined, url: string, ...more: readonly string[]) {
  const { code, stdout } = await explain(token, url, ...more);
  const forMachines = await explain(token, url, ...more, '--json');
  expect(forMachines.code).toBe(code);
  return { code, stdout, json: JSON.parse(forMachines.stdout) };
}

const sign = (claims: SignOptions['claims'], header?: SignOptions['header']) =>
  issuer.sign({ claims: { aud: BILLING, scope: 'billing:read', ...claims }, ...(header && { header }) });

const billing = (path = '/invoices') => `https://gateway.example.com/billing${path}`;

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
    reason: 'wrong_audience',
    failed: 'audience',
    lines: ['it is an ID token', 'send the access token, not this one'],
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

describe('each cause is named', () => {
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

describe('without a denial', () => {
  test('forwarded: where to, and with which identity', async () => {
    const { code, stdout, json } = await explainTwice(await sign({}), `${billing()}?page=secret`);
    expect(code).toBe(0);
    expect(json).toMatchObject({ decision: 'forwarded', reason: null, response: null, remedy: null });
    expect(json.forwarding.url).toBe('http://127.0.0.1:3002/api/invoices');
    expect(stdout).toContain('to the upstream: GET http://127.0.0.1:3002/api/invoices?…');
    expect(stdout).toContain('X-User: alice  (sub)');
    expect(stdout).toContain('X-Team: not set, for want of a claim team');
    expect(stdout).toContain('Authorization: removed');
    expect(stdout).not.toContain('secret');
    expect(json.checks.every((check: { verdict: string }) => check.verdict === 'pass')).toBe(true);
  });

  test('a public route needs no token', async () => {
    const { code, json } = await explainTwice(undefined, 'http://gateway.example.com/status');
    expect({ code, decision: json.decision }).toEqual({ code: 0, decision: 'forwarded' });
  });

  test('metadata is answered by the gateway', async () => {
    const { code, json } = await explainTwice(
      undefined,
      'https://billing.example.com/.well-known/oauth-protected-resource',
    );
    expect({ code, decision: json.decision, status: json.response.status }).toEqual({
      code: 0,
      decision: 'answered',
      status: 200,
    });
  });
});

describe('on report and verify', () => {
  test('report: forwarded, with what is reported and what enforce would answer', async () => {
    const { code, stdout, json } = await explainTwice(await sign({}), 'https://gateway.example.com/legacy');
    expect({ code, decision: json.decision, reason: json.reason }).toEqual({
      code: 0,
      decision: 'forwarded',
      reason: 'wrong_audience',
    });
    expect(stdout).toContain('forwarded, and reported: wrong_audience, presented: https://billing.example.com/');
    expect(stdout).toContain('The enforcement of this route is report; on enforce it would be refused with 401.');
    expect(stdout).toContain('what enforce would answer:\n  HTTP/1.1 401 Unauthorized');
    expect(stdout).toContain('Authorization: kept (upstream_token: forward)');
    expect(json.response).toMatchObject({ status: 401, sent: false });
  });

  test('verify: a wrong audience is reported, no token is refused', async () => {
    const reported = await explainTwice(await sign({}), 'https://gateway.example.com/proven');
    expect({ code: reported.code, reason: reported.json.reason }).toEqual({ code: 0, reason: 'wrong_audience' });
    const refused = await explainTwice(undefined, 'https://gateway.example.com/proven');
    expect({ code: refused.code, reason: refused.json.reason }).toEqual({ code: 2, reason: 'missing_token' });
  });
});

test('a head as large as limits.headers is refused by the gateway, and so it is foreseen, to the byte', async () => {
  const yaml = `limits: { headers: 1KiB }
issuers: { ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} } }
routes: { /billing: { resource: ${BILLING}, upstream: 'http://127.0.0.1:1' } }
`;
  const small = join(folder, 'small.yaml');
  writeFileSync(small, yaml);
  const gateway = await startGateway(yaml);
  const ask = async (method: string, target: string, bytes: number) => {
    // Besides the target and the token, names and values: Host, a.be, Authorization and Bearer with its space.
    const token = 'x'.repeat(bytes - 28 - target.length);
    const head = `${method} ${target} HTTP/1.1\r\nHost: a.be\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const answer = await sendRaw(gateway.port, head, { responses: 1 });
    const status = Number(answer.toString('latin1').slice(9, 12));
    const options = ['--config', small, '--token-file', '-', '--json', '--method', method];
    const { stdout } = await runExplain([...options, `http://a.be${target}`], token);
    const { response, reason, checks, remedy } = JSON.parse(stdout);
    expect(response.status).toBe(status);
    return { status, reason, check: checks[0], remedy };
  };
  const cases = [
    ['GET', '/billing'],
    ['DELETE', '/billing/a?b=%20c'],
  ] as const;
  try {
    for (const [method, target] of cases) {
      expect(await ask(method, target, 1023)).toMatchObject({ status: 401, reason: 'malformed_token' });
      for (const bytes of [1024, 1025]) {
        expect(await ask(method, target, bytes)).toMatchObject({
          ...{ status: 431, reason: 'headers_too_large' },
          check: { name: 'request', verdict: 'fail', actual: `${bytes} bytes` },
          remedy: { path: 'limits.headers', line: 1 },
        });
      }
    }
  } finally {
    await gateway.close();
  }
});

test('without a token: how to get one, with which the request is then forwarded', async () => {
  const { code, stdout, json } = await explainTwice(undefined, billing());
  expect(code).toBe(2);
  expect(json.token_request).toMatchObject({
    resource: BILLING,
    scopes: ['billing:read'],
    metadata: 'https://billing.example.com/.well-known/oauth-protected-resource',
  });
  expect(stdout).toContain(`curl -s '${server.issuer}/.well-known/oauth-authorization-server'`);
  expect(stdout).toContain("--data-urlencode 'resource=https://billing.example.com/' \\\n");
  expect(stdout).toContain("--data-urlencode 'scope=billing:read'");
  const { accessToken } = await server.requestToken({ resource: BILLING, scope: 'billing:read' });
  expect((await explain(accessToken, billing())).code).toBe(0);
});

describe('the token', () => {
  test('from a file, with Bearer before it and white space around it', async () => {
    const name = join(folder, 'token.txt');
    writeFileSync(name, `\n Bearer ${await sign({})}\r\n`);
    const { code } = await runExplain(['--config', file, '--token-file', name, billing()]);
    expect(code).toBe(0);
  });

  test.for([
    ['as an argument', ['eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln']],
    ['as an option', ['--token', 'c2VjcmV0', '/billing']],
    ['as the name of its file', ['--token-file', SLIPPED, '/billing']],
    ['as a method', ['--method', SLIPPED, '/billing']],
    ['as a time', ['--at', SLIPPED, '/billing']],
    ['in the path', [`https://gateway.example.com/reset/${SLIPPED}`]],
    ['in the fragment', [`https://gateway.example.com/billing#access_token=${SLIPPED}`]],
  ] as const)('%s is refused with the reason, and not repeated', async ([, args]) => {
    const { code, stdout, stderr } = await runExplain(['--config', file, ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('shell history');
    for (const argument of args.filter(each => !/^(?:--|\/)/.test(each))) expect(stderr).not.toContain(argument);
    expect(stderr).not.toContain(SLIPPED);
  });

  test('that is opaque is not repeated either: no option is, nor a fragment', async () => {
    const slips = [
      ['--token-file', 'ya29secret', '/billing'],
      ['--method', 'secret', '/billing'],
      ['--at', 'secret', '/billing'],
      ['/billing#access_token=secret'],
      ['--json', '/billing#access_token=secret?x'],
    ];
    for (const args of slips) {
      const { code, stdout, stderr } = await runExplain(['--config', file, ...args]);
      expect(code).not.toBe(0);
      expect(stdout + stderr).not.toContain('secret');
    }
  });

  test('over 64 KiB, empty, or not there: exit 1 with the reason', async () => {
    const ask = (name: string, input: string) =>
      runExplain(['--config', file, '--token-file', name, '/billing'], input);
    const answers = await Promise.all([ask('-', 'x'.repeat(70_000)), ask('-', ' \n'), ask(join(folder, 'absent'), '')]);
    expect(answers.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(answers.map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining('larger than 64 KiB'),
      expect.stringContaining('is empty'),
      expect.stringContaining('cannot be read (ENOENT)'),
    ]);
  });
});

test.for([
  ['a configuration with mistakes', ['--config', 'package.json', '/billing'], 'package.json:'],
  ['no URL', [], 'explain takes one URL'],
  ['a URL without a scheme', ['gateway.example.com/billing'], 'expected https://HOST/PATH'],
  ['a URL with user information', ['https://user:secret@gateway.example.com/'], 'user information'],
  ['a time without a zone', ['--at', '2026-01-01', '/billing'], 'expected RFC 3339'],
  ['a method in lower case', ['--method', 'get', '/billing'], 'upper case'],
] as const)('%s: exit 1, and why on standard error', async ([, args, why]) => {
  const config = args[0] === '--config' ? [] : ['--config', file];
  const { code, stdout, stderr } = await runExplain([...config, ...args]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(why);
  expect(stderr).not.toContain('secret');
});

/** One start after the other: what a process takes to start is the machine's affair, and no part of what is tested. */
const STARTS = { timeout: 180_000 };

describe('the built program', () => {
  test('prints the same as the function, in text and JSON, and exits with the same code', STARTS, async () => {
    const token = await sign({ exp: 1_700_000_600, iat: 1_700_000_000, scope: 'billing:read' });
    const at = ['--config', file, '--at', '2023-11-14T22:20:00Z', '--token-file', '-'];
    const asked = [
      { args: [...at, '--json', billing()], code: 0 },
      { args: [...at, 'https://gateway.example.com/profile'], code: 2 },
      { args: [...at, 'not-a-url'], code: 1 },
    ];
    for (const { args, code } of asked) {
      const built = await runProgram(['explain', ...args], { input: token });
      expect(built).toEqual(await runExplain(args, token));
      expect(built.code).toBe(code);
    }
  });

  test('an unknown option: exit 1, and the usage on standard error', STARTS, async () => {
    const { code, stdout, stderr } = await runProgram(['explain', '--config', file, '--frobnicate', '/billing']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Usage:');
  });

  test('a token as an argument: exit 1, and it is not repeated', STARTS, async () => {
    const { code, stdout, stderr } = await runProgram(['explain', '--config', file, '--token', SLIPPED, '/billing']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('shell history');
    expect(stderr).not.toContain(SLIPPED);
  });
});

test('what a stranger wrote into claims acts on no terminal, in text and JSON', async () => {
  const evil = '\x1b[2J\x07\u202e\u009b31m\u2066\u200b\u2028';
  const claims = { aud: evil.repeat(99), iss: `https://x/${evil}`, sub: evil, scope: evil };
  for (const each of [claims, { ...claims, iss: issuer.issuer }, { sub: `alice${evil}`, aud: BILLING }]) {
    const token = await issuer.sign({ claims: each, header: { kid: 'key-1' } });
    const { stdout } = await explain(token, billing());
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    const json = await explain(token, billing(), '--json');
    expect(json.stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(stdout.split('\n').every(line => line.length < 3000)).toBe(true);
  }
});
