/** Opaque tokens of a real oidc-provider, by its introspection endpoint: calls, hits, a revocation, an outage. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AuthorizationServer, startAuthorizationServer } from '../../support/authorization-server.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const BILLING = 'https://billing.example.com/';
const PROFILE = 'https://profile.example.com/';

let server: AuthorizationServer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());
beforeEach(async () => {
  server = await startAuthorizationServer({
    resources: [
      { resource: BILLING, scopes: ['billing:read'], isOpaque: true },
      { resource: PROFILE, scopes: ['profile:read'] },
    ],
  });
});
afterEach(async () => {
  await gateway.close();
  await server.close().catch(() => undefined);
});

async function start(cache: string, auth = 'basic'): Promise<void> {
  const introspection = {
    endpoint: `${server.issuer}/token/introspection`,
    auth,
    client_id: 'client-two',
    client_secret: 'secret-two',
    cache,
  };
  const issuers = { [server.issuer]: { jwks_uri: server.jwksUri, introspection } };
  const routes = {
    '/billing': { resource: BILLING, upstream: upstream.origin, scopes: ['billing:read'] },
    '/profile': { resource: PROFILE, upstream: upstream.origin, scopes: ['profile:read'] },
  };
  gateway = await startGateway(`issuers: ${JSON.stringify(issuers)}\nroutes: ${JSON.stringify(routes)}\n`);
}

async function send(token: string, path = '/billing'): Promise<string> {
  const response = await fetch(`${gateway.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  return response.status === 200 ? 'forwarded' : `${response.status} ${JSON.parse(body).reason}`;
}

const request = async (resource: string, scope: string) => (await server.requestToken({ resource, scope })).accessToken;
const calls = () => server.requests.filter(line => line === 'POST /token/introspection').length;
const counted = (outcome: string) =>
  gateway.sample(`audgate_introspections_total{issuer="${server.issuer}",outcome="${outcome}"}`);

test('an opaque token: one call for ten requests, refused at the sibling; a JWT of the same issuer costs none', async () => {
  await start('30s');
  const opaque = await request(BILLING, 'billing:read');
  expect(opaque).not.toContain('.');
  for (let count = 0; count < 10; count += 1) expect(await send(opaque)).toBe('forwarded');
  expect(await send(opaque, '/profile')).toBe('401 wrong_audience');
  expect(await send(await request(PROFILE, 'profile:read'), '/profile')).toBe('forwarded');
  expect(await send('unknown')).toBe('401 inactive_token');
  expect(calls()).toBe(2);
  expect([await counted('active'), await counted('hit'), await counted('inactive')]).toEqual([1, 10, 1]);
});

test.each(['basic', 'post'])('%s: accepted, and a withdrawn token is refused from the next call on', async auth => {
  await start('0s', auth);
  const token = await request(BILLING, 'billing:read');
  expect(await send(token)).toBe('forwarded');
  const body = new URLSearchParams({ token });
  const basic = `Basic ${Buffer.from('client-one:secret-one').toString('base64')}`;
  const revoked = await fetch(`${server.issuer}/token/revocation`, {
    method: 'POST',
    headers: { authorization: basic },
    body,
  });
  expect(revoked.status).toBe(200);
  expect(await send(token)).toBe('401 inactive_token');
});

test('an outage: 503 for a token that was not asked about, while a known one is still forwarded', async () => {
  await start('30s');
  const [known, other] = [await request(BILLING, 'billing:read'), await request(BILLING, 'billing:read')];
  expect(await send(known)).toBe('forwarded');
  await server.close();
  expect([await send(known), await send(other)]).toEqual(['forwarded', '503 keys_unavailable']);
  expect([await counted('hit'), await counted('failure')]).toEqual([1, 1]);
});
