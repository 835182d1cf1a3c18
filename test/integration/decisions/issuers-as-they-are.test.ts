/** Issuers that are no URL, that write no aud, no scope, or times by another clock: real requests, log lines and status page. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, headerValues, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const API = 'https://api.example.com/';
const ROLES = 'resource_access."https://api.example.com/".roles';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  stytch.com/project-1: &any { jwks_uri: '${issuer.jwksUri}', token_types: [JWT, at+jwt] }
  "urn:example:cognito": { jwks_uri: '${issuer.jwksUri}', token_types: [JWT], audience_claim: client_id }
  keycloak: { jwks_uri: '${issuer.jwksUri}', token_types: [JWT], scope_claim: [scope, realm_access.roles], scope_implies: { admin: [write], write: [read] } }
  misspelled: { jwks_uri: '${issuer.jwksUri}', scope_claim: realm_acess.roles }
  late: { jwks_uri: '${issuer.jwksUri}', leeway: 5m, expiry_leeway: 5m }
routes:
  /api: { resource: '${API}', audiences: [pool-client], upstream: '${upstream.origin}', scopes: { GET: [read], "*": [] }, metadata: { authorization_servers: ['https://login.example.com'] }, claims_to_headers: { X-Client: client_id } }
  /roles: { resource: '${API}', audiences: [pool-client], upstream: '${upstream.origin}', scopes: [read], scope_claim: '${ROLES}', metadata: { scopes: ['api://x/read'] } }
`);
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer?.close(), upstream?.close()]);
});

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** @returns status, challenge and log line of a request with a token of the issuer `iss`. */
async function send(
  iss: string,
  claims: Readonly<Record<string, unknown>>,
  { path = '/api', method = 'GET', header = {} }: Sent = {},
) {
  const before = (await gateway.requestLines(0)).length;
  const token = await issuer.sign({ header, claims: { iss, aud: API, ...claims } });
  const { status, headers } = await request(gateway.port, { method, path, headers: [bearer(token)] });
  const line = (await gateway.requestLines(before + 1)).at(-1);
  return { status, challenge: headerValues(headers, 'WWW-Authenticate')[0] ?? '', line: line ?? {} };
}

test('an issuer that is no URL: accepted, and not named in the metadata', async () => {
  expect((await send('stytch.com/project-1', { scope: 'read' })).status).toBe(200);
  expect((await send('stytch.com/project-1/', { scope: 'read' })).line).toMatchObject({ reason: 'untrusted_issuer' });
  const { body } = await request(gateway.port, { path: '/.well-known/oauth-protected-resource' });
  expect(JSON.parse(body.toString())).toMatchObject({
    authorization_servers: ['https://login.example.com'],
    scopes_supported: ['read', 'api://x/read'],
  });
});

describe('audience_claim: client_id', () => {
  const cognito = 'urn:example:cognito';
  test.each<[string, Readonly<Record<string, unknown>>, number, readonly string[] | undefined]>([
    ['the client', { aud: undefined, client_id: 'pool-client' }, 200, ['pool-client']],
    ['the client and the right aud', { client_id: 'pool-client' }, 200, ['pool-client', API]],
    ['the client and another aud', { client_id: 'pool-client', aud: 'x' }, 401, ['pool-client', 'x']],
    ['another client', { aud: undefined, client_id: 'other' }, 401, ['other']],
    ['azp alone', { aud: undefined, client_id: undefined, azp: 'pool-client' }, 401, []],
  ])('%s', async (_, claims, status, aud) => {
    const sent = await send(cognito, { scope: 'read', ...claims }, { header: { typ: undefined } });
    expect(sent.status).toBe(status);
    expect(sent.line).toMatchObject({ aud });
    if (status === 401) expect(sent.line).toMatchObject({ reason: 'wrong_audience' });
  });

  test('an ID token of the same client, with token_use: id: refused for its kind', async () => {
    const claims = { aud: 'pool-client', client_id: undefined, token_use: 'id', scope: 'read' };
    const { line } = await send(cognito, claims, { header: { typ: undefined } });
    expect(line).toMatchObject({ reason: 'wrong_token_type', kind: 'id' });
    expect(line).not.toHaveProperty('typ');
  });
});

describe('scopes', () => {
  const jwt = { header: { typ: 'JWT' } };
  test('roles of the realm, joined with scope, with what they imply: forwarded; the log has what the token has', async () => {
    const { status, line } = await send('keycloak', { scope: 'openid', realm_access: { roles: ['admin'] } }, jwt);
    expect(status).toBe(200);
    expect(line).toMatchObject({ scope: 'openid admin', typ: 'JWT' });
    expect(line).not.toHaveProperty('kind');
  });

  test('scope_claim of a route: roles of that API alone, nothing implied, metadata.scopes in the challenge', async () => {
    const roles = (list: readonly string[]) => ({ resource_access: { [API]: { roles: list } } });
    const good = await send('keycloak', roles(['read']), { ...jwt, path: '/roles' });
    expect([good.status, good.line['scope']]).toEqual([200, 'read']);
    const wrong = await send('keycloak', { scope: 'read', ...roles(['admin']) }, { ...jwt, path: '/roles' });
    expect([wrong.status, wrong.line['reason'], wrong.line['scope']]).toEqual([403, 'insufficient_scope', 'admin']);
    expect(wrong.challenge).toContain('scope="api://x/read"');
  });

  test('azp of Keycloak: the client, in the log and in the header', async () => {
    upstream.received.length = 0;
    const { line } = await send('keycloak', { scope: 'read', client_id: undefined, azp: 'web' }, jwt);
    expect(line).toMatchObject({ client_id: 'web' });
    expect(upstream.received[0]?.rawHeaders).toContainEqual(['X-Client', 'web']);
  });

  test('a path that no token had: one line in the log, and on the status page', async () => {
    const claims = { realm_access: { roles: ['read'] } };
    for (let index = 0; index < 3; index += 1) expect((await send('misspelled', claims)).status).toBe(403);
    const lines = gateway.log.filter(({ msg }) => msg === 'no token had the claim that scope_claim names');
    expect(lines).toEqual([
      expect.objectContaining({ level: 'warn', issuer: 'misspelled', scope_claim: 'realm_acess.roles', tokens: 1 }),
    ]);
    const page = await request(gateway.adminPort, { path: '/' });
    expect(page.body.toString()).toContain('No token had <bdi>realm_acess.roles</bdi>');
    const status = await request(gateway.adminPort, { path: '/status.json' });
    expect(JSON.parse(status.body.toString()).scope_claims_unseen).toEqual([
      { issuer: 'misspelled', scope_claim: 'realm_acess.roles', tokens: 3 },
    ]);
  });
});

describe('time', () => {
  const seconds = () => Math.floor(Date.now() / 1000);

  test('leeway and expiry_leeway: counted from the times of the token', async () => {
    const scope = 'read';
    expect((await send('late', { scope, exp: seconds() - 240 })).status).toBe(200);
    expect((await send('late', { scope, exp: seconds() - 301 })).line).toMatchObject({ reason: 'token_expired' });
    expect((await send('late', { scope, nbf: seconds() + 240 })).status).toBe(200);
    expect((await send('late', { scope, nbf: seconds() + 320 })).line).toMatchObject({ reason: 'token_not_yet_valid' });
    expect((await send('keycloak', { scope, exp: seconds() - 1 })).line).toMatchObject({ reason: 'token_expired' });
  });

  test('a token that has expired: its claims are in the log', async () => {
    const { line } = await send('keycloak', { scope: 'read', exp: 1 }, { header: { typ: 'JWT' } });
    expect(line).toMatchObject({ reason: 'token_expired', sub: expect.any(String), exp: 1, typ: 'JWT' });
  });

  test('a time in milliseconds: malformed_token', async () => {
    expect((await send('keycloak', { exp: Date.now() })).line).toMatchObject({ reason: 'malformed_token' });
  });
});
