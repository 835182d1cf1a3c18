/** A worker that ends is replaced by one with the configuration and keys of the others. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { childProcessIds, type GatewayProcess, isWhole } from '../../support/gateway-process.ts';
import { eventually } from '../../support/waiting.ts';
import {
  fetched,
  isAlive,
  issuer,
  pageOf,
  RESOURCE,
  served,
  startLoad,
  startWorkers,
  statusOf,
  useWorkersFixture,
  WORKERS,
} from './fixture.ts';

// For what never ends; on a busy machine a process takes seconds to start.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
useWorkersFixture();

test('a worker killed under load: others serve, it is replaced and counted, no counter falls', async () => {
  const gateway = await startWorkers();
  const fetches = issuer.fetches;
  const load = startLoad(gateway, 8);
  await eventually(() => load.statuses.length > 100);
  let last = 0;
  const scrape = async () => {
    const count = await gateway.sample(served);
    expect(count).toBeGreaterThanOrEqual(last);
    last = count;
  };
  await scrape();
  const [victim = 0] = childProcessIds(gateway.child.pid);
  process.kill(victim, 'SIGKILL');
  const ended = await gateway.line('worker ended');
  expect(ended).toMatchObject({ level: 'error', pid: victim, signal: 'SIGKILL' });
  await scrape();
  await eventually(async () => {
    await scrape();
    return isWhole(gateway);
  });
  const answered = load.statuses.length;
  await eventually(() => load.statuses.length > answered + 100);
  await scrape();
  await load.stop();
  // Of eight concurrent connections, those of the killed worker are broken.
  expect(load.errors.length).toBeLessThanOrEqual(8);
  expect(new Set(load.statuses)).toEqual(new Set([200]));
  expect(childProcessIds(gateway.child.pid)).toHaveLength(WORKERS);
  expect(childProcessIds(gateway.child.pid)).not.toContain(victim);
  expect(await gateway.sample('audgate_worker_restarts_total')).toBe(1);
  // The new one got the keys that were there.
  expect(issuer.fetches - fetches).toBe(0);
});

test('a missing worker: reported by /readyz', async () => {
  const gateway = await startWorkers();
  for (const worker of childProcessIds(gateway.child.pid)) process.kill(worker, 'SIGSTOP');
  const { status, body } = await gateway.readiness();
  expect({ status, body }).toEqual({ status: 503, body: { status: 'not ready', workers_missing: WORKERS } });
  expect((await pageOf(gateway)).text).toContain(`Without ${WORKERS} workers.`);
  for (const worker of childProcessIds(gateway.child.pid)) process.kill(worker, 'SIGCONT');
  await eventually(() => isWhole(gateway));
});

/** Ends every worker, and waits for those that follow. */
async function replaceAll(gateway: GatewayProcess): Promise<void> {
  const workers = childProcessIds(gateway.child.pid);
  for (const worker of workers) process.kill(worker, 'SIGKILL');
  await eventually(() => workers.every(worker => !isAlive(worker)));
  await eventually(() => isWhole(gateway));
}

test('a replacement: has the loaded configuration, not the current files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const secret = join(folder, 'resource');
  writeFileSync(secret, RESOURCE);
  const gateway = await startWorkers(text => text.replace(`"${RESOURCE}"`, `"\${file:${secret}}"`));
  writeFileSync(secret, 'https://evil.example.com/');
  await replaceAll(gateway);
  for (let round = 0; round < 10; round += 1) expect(await statusOf(gateway)).toBe(200);
  rmSync(folder, { recursive: true });
  await replaceAll(gateway);
  expect(await statusOf(gateway)).toBe(200);
});

test('a replacement: listens at the first address, whatever the file says', async () => {
  const gateway = await startWorkers();
  writeFileSync(gateway.file, readFileSync(gateway.file, 'utf8').replace(/^listen: .*$/m, 'listen: 127.0.0.1:1'));
  await gateway.line('a restart is needed for what changed');
  await replaceAll(gateway);
  expect(await statusOf(gateway)).toBe(200);
});

test('a replacement during an outage of the issuer: has the keys of the others', async () => {
  const gateway = await startWorkers(text => text.replace('/jwks" }', '/jwks", keys: { refresh: 1s } }'));
  expect(await statusOf(gateway)).toBe(200);
  const { jwks } = issuer;
  issuer.jwks = undefined;
  await eventually(async () => (await gateway.sample(fetched('failure'))) > 0);
  await replaceAll(gateway);
  expect(await statusOf(gateway)).toBe(200);
  issuer.jwks = jwks;
});
