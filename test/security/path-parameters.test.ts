/**
 * Path parameters: servlet containers cut `;…` off each segment before they choose a handler, other servers do not.
 *
 * Seen in: Traefik CVE-2025-66490 (`%3B`), http-proxy in front of Tomcat and Spring (`/public;/../admin`).
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { reasonOrTarget } from '../support/outcome.ts';
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
  /guarded: { resource: "https://guarded.example/", upstream: "${upstream.origin}" }
  /a: { public: true, upstream: "${upstream.origin}" }
  /matrix: { public: true, upstream: "${upstream.origin}", allow_encoded: [";"] }
  /encoded: { public: true, upstream: "${upstream.origin}", allow_encoded: ["%3B"] }
`);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

test.each([
  '/a;',
  '/a;/x',
  '/a;v=1/x',
  '/a/x;',
  '/a/x;jsessionid=0123456789ABCDEF',
  '/a/;/x',
  '/a/;x',
  '/;/a/x',
  '/;a/x',
  '/a/..;/b',
  '/a/..;v=1/b',
  '/a/;/../b',
  '/a/x%3b',
  '/a/x%3By',
  '/a%3b/x',
  '/a/%3b%3B',
  '/a/x%253b',
  '/a;%2e%2e/b',
  '/matrix;/x',
  '/matrix/x%3by',
  '/matrix/..;/b',
  '/matrix/;../b',
  '/matrix/.;a/b',
  '/matrix/x;%2e%2e/b',
  '/encoded/x;y',
  '/encoded/..%3bx/b',
  '/encoded/%3b../b',
  '/encoded%3b/x',
])('%j: ambiguous_path', async path => {
  expect(await outcomeOf(path)).toBe('ambiguous_path');
});

test.each([
  ['/a/x?a=1;b=2', '/a/x?a=1;b=2'],
  ['/a/x?;', '/a/x?;'],
  ['/a/x?%3b', '/a/x?%3b'],
  ['/matrix/x;v=1', '/matrix/x;v=1'],
  ['/matrix/x;v=1/y;w', '/matrix/x;v=1/y;w'],
  ['/encoded/x%3by', '/encoded/x%3By'],
])('%j: forwarded as %j', async (path, target) => {
  expect(await outcomeOf(path)).toBe(`arrives as ${target}`);
});

function outcomeOf(path: string): Promise<string> {
  return reasonOrTarget(gateway.port, upstream, path);
}
