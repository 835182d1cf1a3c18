/**
 * One path in other spellings: a protected path below a public one, spelled so that the gateway might see the public one and
 * the upstream the protected one.
 *
 * Seen in: @fastify/middie CVE-2026-22031 (percent-encoded letters, doubled slashes), Traefik CVE-2025-66490,
 * nodejs routers that decode once more.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /: { public: true, upstream: "${upstream.origin}" }
  /api/admin: { resource: "https://admin.example/", upstream: "${upstream.origin}" }
  /@me: { resource: "https://me.example/", upstream: "${upstream.origin}" }
  /caf%C3%A9: { resource: "https://cafe.example/", upstream: "${upstream.origin}" }
`);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

test.each([
  ['/api/admin', 'missing_token'],
  ['/api/admin/', 'missing_token'],
  ['/api/admin/x', 'missing_token'],
  ['/api/admin?', 'missing_token'],
  ['/api/%61dmin', 'missing_token'],
  ['/api/%61%64%6d%69%6E', 'missing_token'],
  ['/%61pi/admin/x', 'missing_token'],
  ['/%61%70%69/%61%64%6D%69%6E/x', 'missing_token'],
  ['/%40me', 'missing_token'],
  ['/@me', 'missing_token'],
  ['/%40%6d%65/x', 'missing_token'],
  ['/caf%c3%a9', 'missing_token'],
  ['/caf%C3%a9/x', 'missing_token'],
  ['/%63%61%66%c3%a9', 'missing_token'],
  ['/api/%2561dmin', 'ambiguous_path'],
  ['/api//admin', 'ambiguous_path'],
  ['//api/admin', 'ambiguous_path'],
  ['/api/./admin', 'ambiguous_path'],
  ['/api/x/../admin', 'ambiguous_path'],
  ['/api/admin;x', 'ambiguous_path'],
  ['/api;x/admin', 'ambiguous_path'],
  ['/api/admin%3bx', 'ambiguous_path'],
  ['/api/admin%00', 'ambiguous_path'],
  ['/api/admin%2fx', 'ambiguous_path'],
  ['/api%2Fadmin', 'ambiguous_path'],
  ['/api%5cadmin', 'ambiguous_path'],
  ['/api\\admin', 'ambiguous_path'],
  ['/api/admin%3fx', 'ambiguous_path'],
  ['/api/admin%23x', 'ambiguous_path'],
  ['/api/admin#x', 'ambiguous_path'],
  ['/api/adm%c9%aan%ff', 'ambiguous_path'],
  ['/caf%E9', 'ambiguous_path'],
])('%j without a token: %s, and nothing reaches the upstream', async (path, reason) => {
  upstream.received.length = 0;
  const response = await request(gateway.port, { path });
  expect(upstream.received).toEqual([]);
  expect(JSON.parse(response.body.toString()).reason).toBe(reason);
});

test.each([
  ['/api/administrators', '/api/administrators'],
  ['/api/%61dministrators', '/api/administrators'],
  ['/api/ADMIN', '/api/ADMIN'],
  ['/api/%41DMIN', '/api/ADMIN'],
  ['/api/x?/../admin', '/api/x?/../admin'],
  ['/you@me', '/you@me'],
  ['/caf%C3%A8', '/caf%C3%A8'],
])('%j: another path, forwarded as %j', async (path, target) => {
  upstream.received.length = 0;
  expect((await request(gateway.port, { path })).status).toBe(200);
  expect(upstream.received.map(({ url }) => url)).toEqual([target]);
});
