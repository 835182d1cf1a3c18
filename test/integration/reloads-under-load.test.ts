/** The small sister of `npm run load -- reloads`: configurations change under clients that never stop. */

import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startClients } from '../load/clients.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const RESOURCE = 'https://a.example.com/';
const RELOADS = 20;
const EVERY_BROKEN = 5;
const BROKEN = 'routes: { /a: { resource: no-uri } }\n';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGatewayProcess(configure(0));
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer?.close(), upstream?.close()]);
});

/** Each differs from the one before: a route comes, another goes, and what is under load stays. */
function configure(version: number): string {
  return `
issuers: { '${issuer.issuer}': { jwks_uri: '${issuer.jwksUri}' } }
routes:
  /a: { resource: '${RESOURCE}', upstream: '${upstream.origin}' }
  /v${version}: { resource: 'https://v${version}.example.com/', upstream: '${upstream.origin}' }
`;
}

test('20 reloads, each fifth of a broken file: every request is answered 200, and each reload is counted', async () => {
  const clients = startClients(gateway.port, 8, await issuer.sign({ claims: { aud: RESOURCE } }));
  const done = { success: 0, failure: 0 };
  for (let reload = 1; reload <= RELOADS; reload++) {
    const isBroken = reload % EVERY_BROKEN === 0;
    writeFileSync(gateway.file, gateway.configure(isBroken ? BROKEN : configure(reload)));
    gateway.child.kill('SIGHUP');
    if (isBroken) await gateway.line('reload failed', ++done.failure);
    else await gateway.line('configuration loaded', 1 + ++done.success);
    await gateway.line('request', 1 + clients.tally.answered);
  }
  const { answered, statuses, failures, refused } = await clients.stop();
  expect({ statuses, failures, refused }).toEqual({ statuses: { 200: answered }, failures: {}, refused: 0 });
  for (const [outcome, count] of Object.entries(done)) {
    expect(await gateway.sample(`audgate_config_reloads_total{outcome="${outcome}"}`)).toBe(count);
  }
  expect(done).toEqual({ success: 16, failure: 4 });
});
