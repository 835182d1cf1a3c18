/**
 * A path that an upstream reads as another route's only after several steps: parameters cut and then slashes merged, an
 * encoding uncovered by a second decoding and then decoded as route keys are.
 *
 * Seen in: Tomcat and Spring behind a gateway that lets `;` or `%25` pass (`/;/other/x`, `/%2540me`).
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { bearer, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const to = (more: string) => `{ upstream: "${upstream.origin}", ${more} }`;
  const guarded = 'resource: "https://files.example/"';
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /files: ${to(`${guarded}, allow_encoded: ["%2F"]`)}
  /files/private: ${to('resource: "https://private.example/"')}
  /: ${to('public: true, allow_encoded: [";", "%25"]')}
  /other: ${to(guarded)}
  /@me: ${to(guarded)}
  /caf%C3%A9: ${to(guarded)}
  /shop: ${to(`${guarded}, allow_encoded: [";", "%25"], scopes: { GET: [shop:read], "GET /admin": [shop:admin] }`)}
`);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

test.each(['/;/other/x', '/;a/;b/other', '/%2540me/x', '/caf%25C3%25A9/x', '/files/private%2Fx', '/other./x'])(
  '%j without a token: ambiguous_path, logged in full, and nothing reaches the upstream',
  async path => {
    expect(await sendWithScope(path)).toEqual({ status: 400, reason: 'ambiguous_path', arrived: undefined });
    expect(gateway.log.at(-1)).toMatchObject({ path, reason: 'ambiguous_path', route: '(none)' });
  },
);

test.each([
  ['/shop/;/admin', 'shop:read', 403],
  ['/shop/;a/;b/admin/x', 'shop:read', 403],
  ['/shop/%2561dmin', 'shop:read', 403],
  ['/shop/admin.', 'shop:read', 403],
  ['/shop/;/admin', 'shop:read shop:admin', 200],
  ['/shop/;/administrators', 'shop:read', 200],
])('%j with the scope %j: %i', async (path, scope, status) => {
  const { status: found, reason, arrived } = await sendWithScope(path, scope);
  expect(found).toBe(status);
  expect(reason ?? arrived).toBe(status === 200 ? path : 'insufficient_scope');
  expect(gateway.log.at(-1)).toMatchObject({ path, route: '/shop' });
});

test.each(['/;/others', '/x;v=1/y', '/100%25', '/you%2540me'])(
  '%j, which has no other reading: forwarded',
  async path => {
    expect(await sendWithScope(path)).toEqual({ status: 200, reason: undefined, arrived: path });
  },
);

async function sendWithScope(path: string, scope?: string) {
  upstream.received.length = 0;
  const token = await issuer.sign({ claims: { aud: 'https://files.example/', scope } });
  const lines = (await gateway.requestLines(0)).length;
  const headers = scope === undefined ? [] : ([bearer(token)] as const);
  const { status, body } = await request(gateway.port, { path, headers });
  await gateway.requestLines(lines + 1);
  const reason = status === 200 ? undefined : JSON.parse(body.toString()).reason;
  return { status, reason, arrived: upstream.received[0]?.url };
}
