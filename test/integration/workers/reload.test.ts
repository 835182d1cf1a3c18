/** Reloads and signals of a gateway with several workers. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readSample } from '../../support/gateway.ts';
import { childProcessIds } from '../../support/gateway-process.ts';
import { MAIN } from '../../support/program.ts';
import { startLoad, startWorkers, statusOf, upstream, useWorkersFixture, WORKERS, workersYaml } from './fixture.ts';

// For what never ends; on a busy machine a process takes seconds to start.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
useWorkersFixture();

test('a reload under load: in all workers at once, a bad one in none, counted once', async () => {
  const gateway = await startWorkers();
  const load = startLoad(gateway, 4);
  const ask = (path: string) => Promise.all(Array.from({ length: 30 }, () => statusOf(gateway, path)));
  writeFileSync(
    gateway.file,
    gateway.configure(`${workersYaml()}  /later: { public: true, upstream: "${upstream.origin}" }\n`),
  );
  await gateway.line('configuration loaded', 2);
  expect(new Set(await ask('/later'))).toEqual(new Set([200]));
  writeFileSync(gateway.file, 'routes: 1\n');
  await gateway.line('reload failed');
  expect(new Set(await ask('/later'))).toEqual(new Set([200]));
  writeFileSync(gateway.file, gateway.configure(workersYaml()));
  await gateway.line('configuration loaded', 3);
  expect(new Set(await ask('/later'))).toEqual(new Set([404]));
  await load.stop();
  expect(load.errors).toEqual([]);
  expect(new Set(load.statuses)).toEqual(new Set([200]));
  const text = await gateway.scrape();
  const counts = ['success', 'failure'].map(outcome =>
    readSample(text, `audgate_config_reloads_total{outcome="${outcome}"}`),
  );
  expect(counts).toEqual([2, 1]);
});

test('signals before it listens: deferred', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms }\n${workersYaml()}`);
  const child = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.stdout.resume();
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  rmSync(folder, { recursive: true });
});

test('workers changed: logged as needing a restart', async () => {
  const gateway = await startWorkers();
  writeFileSync(gateway.file, gateway.configure(workersYaml().replace(`workers: ${WORKERS}`, 'workers: 3')));
  const warning = await gateway.line('a restart is needed for what changed');
  expect(warning['settings']).toEqual(['workers']);
  expect(childProcessIds(gateway.child.pid)).toHaveLength(WORKERS);
});
