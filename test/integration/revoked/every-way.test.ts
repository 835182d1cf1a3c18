/** What is revoked is refused by every way to a decision: the gateway, the authorizer, the library, and behind an introspection answer that is cached. */

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startService } from '../../library/service.ts';
import { closeGatewayProcesses, type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { type IntrospectionServer, startIntrospectionServer } from '../../support/introspection-server.ts';
import { bearer, type RawResponse, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const RESOURCE = 'https://api.example/';
const OPAQUE = 'urn:example:opaque';

let issuer: TokenIssuer;
let upstream: Upstream;
let server: IntrospectionServer;
let gateway: GatewayProcess;
let authorizerPort: number;

beforeAll(async () => {
  [issuer, upstream, server] = await Promise.all([startTokenIssuer(), startUpstream(), startIntrospectionServer()]);
  gateway = await startGatewayProcess(yaml('[]'));
  const address = gateway.lines('listening')[0]?.['authorizer'] as { readonly port: number };
  authorizerPort = address.port;
});

afterAll(async () => {
  await closeGatewayProcesses();
  await Promise.all([issuer.close(), upstream.close(), server.close()]);
});

const yaml = (revoked: string) => `revoked: ${revoked}
authorizer: 127.0.0.1:0
issuers:
  "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" }
  "${OPAQUE}": { introspection: { endpoint: "${server.endpoint}", client_id: gateway, client_secret: secret, cache: 1h } }
routes:
  /jwt: { resource: "${RESOURCE}", upstream: "${upstream.origin}", issuers: ["${issuer.issuer}"], enforcement: report }
  /opaque: { resource: "${RESOURCE}", upstream: "${upstream.origin}", issuers: ["${OPAQUE}"] }
`;

async function revoke(revoked: string): Promise<void> {
  const before = gateway.lines('configuration loaded').length;
  writeFileSync(join(dirname(gateway.file), 'audgate.yaml'), gateway.configure(yaml(revoked)));
  await gateway.line('configuration loaded', before + 1);
}

const reasonOf = ({ status, body }: RawResponse) => (status === 200 ? 200 : JSON.parse(body.toString()).reason);

test('a cached token, by the authorizer: refused with the challenge of the gateway', async () => {
  const token = await issuer.sign({ claims: { aud: RESOURCE, jti: 'asked' } });
  const ask = () => request(authorizerPort, { path: '/envoy/jwt/x', headers: [bearer(token)] });
  await revoke('[{ jti: other }]');
  expect(reasonOf(await ask())).toBe(200);
  await revoke('[{ jti: asked }]');
  const answer = await ask();
  expect(answer.status).toBe(401);
  expect(reasonOf(answer)).toBe('revoked_token');
  expect(JSON.stringify(answer.headers)).toContain('The access token has been revoked');
});

test('an introspection answer that is cached: refused, and nobody is asked again', async () => {
  server.tokens.set('opaque-token', {
    active: true,
    aud: RESOURCE,
    sub: 'mallory',
    client_id: 'shop',
    exp: Math.floor(Date.now() / 1000) + 3600,
  });
  const send = () => request(gateway.port, { path: '/opaque', headers: [bearer('opaque-token')] });
  await revoke('[{ jti: another }]');
  expect(reasonOf(await send())).toBe(200);
  const asked = server.questions.length;
  await revoke(`[{ sub: mallory, iss: "${OPAQUE}" }]`);
  expect(reasonOf(await send())).toBe('revoked_token');
  expect(server.questions.length).toBe(asked);
});

describe('the library', () => {
  test.each(['report', 'verify', 'enforce'])('on %s: refused with the reply of the gateway', async mode => {
    const config = `revoked: [{ jti: lib }]
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes: { /a: { resource: "${RESOURCE}", enforcement: ${mode} } }`;
    const service = await startService({ config });
    const send = async (jti: string) => {
      const token = await issuer.sign({ claims: { aud: RESOURCE, jti } });
      return request(service.port, { path: '/a', headers: [bearer(token)] });
    };
    expect((await send('good')).status).toBe(200);
    const refused = await send('lib');
    expect(refused.status).toBe(401);
    expect(reasonOf(refused)).toBe('revoked_token');
    await service.close();
  });
});
