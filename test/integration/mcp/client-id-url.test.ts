/** Client ID metadata documents make the `client_id` of a token a URL, which the client chose: it is told as it is, and never asked for. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runExplain, runSimulate } from '../../support/commands.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { bearer, headerValues, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const RESOURCE = 'https://tools.example/mcp';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let document: Server;
/** With everything that a URL may have and that some writer could cut or escape. */
let clientId: string;
let asked = 0;
let folder: string;

const yamlWith = (scopes: string) => `
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /mcp: { resource: "${RESOURCE}", upstream: "${upstream.origin}", scopes: [${scopes}], claims: { client_id: "${clientId}" }, claims_to_headers: { X-Client: client_id }, mcp: true }
  /other: { resource: "https://tools.example/other", upstream: "${upstream.origin}", claims: { client_id: web }, mcp: true }
`;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  document = createServer((_req, res) => {
    asked += 1;
    res.end('{}');
  });
  document.on('connection', () => {
    asked += 1;
  });
  clientId = `http://127.0.0.1:${await listenOnLoopback(document)}/a/client.json?v=1&x=%2F`;
  gateway = await startGateway(yamlWith('mcp:use'));
  folder = mkdtempSync(join(tmpdir(), 'audgate-client-id-'));
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  document.close();
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const sign = (claims: object) => issuer.sign({ claims: { aud: RESOURCE, scope: 'mcp:use', ...claims } });

test('a client_id that is a URL: exact in claims, header and log, and never fetched', async () => {
  const response = await request(gateway.port, {
    path: '/mcp',
    headers: [bearer(await sign({ client_id: clientId }))],
  });
  expect(response.status).toBe(200);
  expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'x-client')).toEqual([clientId]);
  expect((await gateway.requestLines(1)).at(-1)).toMatchObject({ client_id: clientId, outcome: 'forwarded' });
  expect(asked).toBe(0);
});

test('the same in azp: the client as well; one that differs in a letter: wrong_claim', async () => {
  const send = async (claims: object) =>
    (await request(gateway.port, { path: '/mcp', headers: [bearer(await sign(claims))] })).status;
  expect(await send({ client_id: undefined, azp: clientId })).toBe(200);
  expect(await send({ client_id: `${clientId}/` })).toBe(403);
  expect(asked).toBe(0);
});

test('explain and simulate: the URL as it is, and never fetched', async () => {
  const [config, log, token] = ['audgate.yaml', 'access.ndjson', 'token'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(config, yamlWith('mcp:use, mcp:more'));
  const [line] = await gateway.requestLines(1);
  writeFileSync(log, `${JSON.stringify(line)}\n`);
  const { stdout, code } = await runSimulate({ config, log });
  expect(code).toBe(3);
  expect(JSON.parse(stdout).changes).toMatchObject([
    { client_id: clientId, becomes: { reason: 'insufficient_scope' } },
  ]);
  writeFileSync(token, await sign({ client_id: clientId, scope: 'mcp:use mcp:more' }));
  const explained = await runExplain(['--config', config, '--token-file', token, 'https://tools.example/mcp']);
  expect(explained).toMatchObject({ code: 0 });
  expect(explained.stdout).toContain(`X-Client: ${clientId}  (client_id)`);
  expect(asked).toBe(0);
});
