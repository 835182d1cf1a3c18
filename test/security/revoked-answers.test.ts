/**
 * A JWT that its issuer is asked about is named by what was signed and by what the issuer answers: an answer may leave out `jti`. Either ends
 * what the token has opened.
 */

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeGatewayProcesses, type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { type IntrospectionServer, startIntrospectionServer } from '../support/introspection-server.ts';
import { destroyConnections, openConnection } from '../support/raw-connection.ts';
import { bearer, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const RESOURCE = 'https://api.example/';
const LIST = 'revoked.json';

let issuer: TokenIssuer;
let introspection: IntrospectionServer;
let upstream: Upstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  [issuer, introspection, upstream] = await Promise.all([
    startTokenIssuer(),
    startIntrospectionServer(),
    startUpstream({
      handle: (_request, response) => {
        response.on('error', () => undefined).writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: hello\n\n');
      },
    }),
  ]);
  const place = (folder: string, text: string) => {
    writeFileSync(join(folder, LIST), '[]');
    writeFileSync(join(folder, 'audgate.yaml'), text);
    return join(folder, 'audgate.yaml');
  };
  const { endpoint } = introspection;
  gateway = await startGatewayProcess(
    `revoked: "\${file:./${LIST}}"
issuers:
  "${issuer.issuer}":
    jwks_uri: "${issuer.jwksUri}"
    introspection: { endpoint: "${endpoint}", client_id: gateway, client_secret: secret, jwt: true }
routes: { /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" } }
`,
    { place },
  );
});

afterAll(async () => {
  destroyConnections();
  await closeGatewayProcesses();
  await Promise.all([issuer?.close(), introspection?.close(), upstream?.close()]);
});

let count = 0;

async function revoke(entry: object): Promise<void> {
  const before = gateway.lines('configuration loaded').length;
  writeFileSync(join(dirname(gateway.file), LIST), JSON.stringify([entry, { jti: `another ${count++}` }]));
  await gateway.line('configuration loaded', before + 1);
}

test.each([
  ['the jti that was signed, and the answer has none', { jti: 'signed' }, {}, { jti: 'signed' }],
  ['the subject that was answered, and none was signed', { sub: undefined }, { sub: 'mallory' }, { sub: 'mallory' }],
])('%s: ends an event stream, and refuses the next request', async (_name, signed, answered, named) => {
  await revoke({ jti: 'not this one' });
  const token = await issuer.sign({ claims: { aud: RESOURCE, ...signed } });
  const exp = Math.floor(Date.now() / 1000) + 300;
  introspection.tokens.set(token, { active: true, aud: RESOURCE, exp, ...answered });
  const head = `GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const stream = openConnection(gateway.port, head);
  await stream.until('data: hello');
  await revoke('sub' in named ? { ...named, iss: issuer.issuer } : named);
  await stream.until('\r\n0\r\n\r\n');
  const refused = await request(gateway.port, { path: '/api', headers: [bearer(token)] });
  expect([refused.status, JSON.parse(refused.body.toString()).reason]).toEqual([401, 'revoked_token']);
});
