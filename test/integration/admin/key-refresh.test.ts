/** POST /keys/refresh: fetches the keys of every issuer, for who has the admin token. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, type HeaderPair, headerValues, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { eventually } from '../../support/waiting.ts';

const TOKEN = 'b4ttery-h0rse-st4ple';
const authorization = bearer(TOKEN);

let issuer: TokenIssuer;
let guarded: RunningGateway;
let open: RunningGateway;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  const yaml = `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }\nroutes: { /a: { resource: "https://a.example/", upstream: "http://127.0.0.1:9" } }\n`;
  guarded = await startGateway(`admin_token: \${ADMIN_TOKEN}\n${yaml}`, { ADMIN_TOKEN: TOKEN });
  open = await startGateway(yaml);
});

afterAll(async () => {
  await Promise.all([guarded.close(), open.close()]);
  await issuer.close();
});

const post = (gateway: RunningGateway, headers: readonly HeaderPair[], method = 'POST') =>
  request(gateway.adminPort, { path: '/keys/refresh', headers, method });

test.each<[string, readonly HeaderPair[]]>([
  ['a program', [authorization]],
  [
    'the page',
    [authorization, ['Sec-Fetch-Site', 'same-origin'], ['Host', 'localhost:1'], ['Origin', 'http://localhost:1']],
  ],
])('%s with the token: 202, and each time a fetch, whatever the cooldown', async (_name, headers) => {
  for (let round = 0; round < 3; round += 1) {
    const fetches = issuer.fetches;
    expect((await post(guarded, headers)).status).toBe(202);
    await eventually(() => issuer.fetches === fetches + 1);
  }
});

test.each<[string, number, readonly HeaderPair[], string?]>([
  ['no token', 401, []],
  ['another token', 401, [bearer(`${TOKEN}x`)]],
  ['another origin', 403, [authorization, ['Origin', 'https://evil.example']]],
  ['the origin null', 403, [authorization, ['Origin', 'null']]],
  [
    'a form of another site',
    403,
    [authorization, ['Sec-Fetch-Site', 'cross-site'], ['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Dest', 'document']],
  ],
  ['another port of this host', 403, [authorization, ['Sec-Fetch-Site', 'same-site']]],
  ['a foreign Host', 403, [authorization, ['Host', 'rebound.example']]],
  ['GET', 405, [authorization], 'GET'],
  ['HEAD', 405, [authorization], 'HEAD'],
  ['PUT', 405, [authorization], 'PUT'],
])('%s: %d, and no fetch', async (_name, status, headers, method) => {
  const fetches = issuer.fetches;
  const answer = await post(guarded, headers, method);
  expect(answer.status).toBe(status);
  if (status === 405) expect(headerValues(answer.headers, 'Allow')).toEqual(['POST']);
  expect(issuer.fetches).toBe(fetches);
});

test('no admin_token in the configuration: 403 for everybody', async () => {
  const fetches = issuer.fetches;
  expect((await post(open, [])).status).toBe(403);
  expect((await post(open, [authorization])).status).toBe(403);
  expect(issuer.fetches).toBe(fetches);
});

test('the page: has the button only where there is an admin token', async () => {
  const pageOf = async (gateway: RunningGateway) =>
    String((await request(gateway.adminPort, { path: '/', headers: [authorization] })).body);
  expect(await pageOf(guarded)).toContain('<button id="fetch-keys"');
  expect(await pageOf(open)).not.toContain('<button id="fetch-keys"');
});
