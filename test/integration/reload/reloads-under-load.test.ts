/** Reloads under constant load, as `npm run load -- reloads` in small. */

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startClients } from '../../load/clients.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const RESOURCE = 'https://a.example.com/';
const RELOADS = 20;
const EVERY_BROKEN = 5;

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const yaml = `
issuers: { '${issuer.issuer}': { jwks_uri: '${issuer.jwksUri}' } }
routes:
  /a: { resource: '${RESOURCE}', upstream: '${upstream.origin}' }
  /other: { resource: 'https://\${file:other}.example.com/', upstream: '${upstream.origin}' }
`;
  gateway = await startGatewayProcess(yaml, {
    place: (folder, text) => {
      writeFileSync(join(folder, 'other'), 'v0');
      writeFileSync(join(folder, 'audgate.yaml'), text);
      return join(folder, 'audgate.yaml');
    },
  });
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer?.close(), upstream?.close()]);
});

/** Changes a file that the YAML names. It is not watched, so each reload has one cause: the signal. */
async function reload(other: string, message: string, count: number): Promise<void> {
  writeFileSync(join(dirname(gateway.file), 'other'), other);
  gateway.child.kill('SIGHUP');
  await gateway.line(message, count);
}

test('20 reloads, one in five bad: every request is 200, each reload is counted', async () => {
  const clients = startClients(gateway.port, 8, await issuer.sign({ claims: { aud: RESOURCE } }));
  const done = { success: 0, failure: 0 };
  for (let count = 1; count <= RELOADS; count++) {
    if (count % EVERY_BROKEN === 0) await reload('no host', 'reload failed', ++done.failure);
    else await reload(`v${count}`, 'configuration loaded', 1 + ++done.success);
    await gateway.line('request', 1 + clients.tally.answered);
  }
  const { answered, statuses, failures, refused } = await clients.stop();
  expect({ statuses, failures, refused }).toEqual({ statuses: { 200: answered }, failures: {}, refused: 0 });
  for (const [outcome, count] of Object.entries(done)) {
    expect(await gateway.sample(`audgate_config_reloads_total{outcome="${outcome}"}`)).toBe(count);
  }
  expect(done).toEqual({ success: 16, failure: 4 });
}, 180_000);

test('5,000 routes being loaded: requests are answered', async () => {
  const clients = startClients(gateway.port, 1, await issuer.sign({ claims: { aud: RESOURCE } }));
  const count = (message: string) => gateway.lines().filter(({ msg }) => msg === message).length;
  await gateway.line('request', count('request') + 2);
  const loaded = count('configuration loaded');
  const more = Array.from({ length: 5_000 }, (_, index) => `  /r${index}: { public: true, upstream: 'http://r' }\n`);
  const before = clients.tally.answered;
  // Whole again, whatever the test before it left there.
  writeFileSync(join(dirname(gateway.file), 'other'), 'v0');
  writeFileSync(gateway.file, `${readFileSync(gateway.file, 'utf8')}${more.join('')}`);
  await gateway.line('configuration loaded', loaded + 1);
  // One after the other, by one client: where they wait for the load, it is one or two.
  expect(clients.tally.answered - before).toBeGreaterThan(20);
  expect((await clients.stop()).statuses).toEqual({ 200: clients.tally.answered });
});
