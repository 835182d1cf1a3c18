/** Drain and end of a gateway with several workers. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { childProcessIds } from '../../support/gateway-process.ts';
import { MAIN } from '../../support/program.ts';
import { eventually } from '../../support/waiting.ts';
import {
  holdRequests,
  isAlive,
  startLoad,
  startWorkers,
  statusOf,
  useWorkersFixture,
  WORKERS,
  workersYaml,
} from './fixture.ts';

// For what never ends; on a busy machine a process takes seconds to start.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
useWorkersFixture();

test.each(['the primary', 'the whole group, as a terminal does'])(
  'a drain by SIGINT to %s: what was accepted finishes',
  async whom => {
    const gateway = await startWorkers(text => text.replace('delay: 1ms', 'delay: 4s'));
    const held = holdRequests(12);
    const answering = Array.from({ length: 12 }, () => statusOf(gateway));
    const release = await held;
    const load = startLoad(gateway, 4);
    await eventually(() => load.statuses.length > 20);
    const targets = whom === 'the primary' ? [] : childProcessIds(gateway.child.pid);
    for (const worker of targets) process.kill(worker, 'SIGINT');
    gateway.child.kill('SIGINT');
    await gateway.line('draining');
    const { status, body } = await gateway.readiness();
    expect({ status, draining: body['draining'] }).toEqual({ status: 503, draining: true });
    // A load balancer sees it too, within the delay.
    await load.stop();
    await eventually(() =>
      statusOf(gateway).then(
        () => false,
        error => error.code === 'ECONNREFUSED',
      ),
    );
    release();
    expect(new Set(await Promise.all(answering))).toEqual(new Set([200]));
    expect(await gateway.exit).toBe(0);
    expect(load.errors).toEqual([]);
    expect(new Set(load.statuses)).toEqual(new Set([200]));
    const messages = gateway.lines().map(({ msg }) => msg);
    expect(messages.filter(msg => msg === 'draining')).toHaveLength(1);
    expect(messages.at(-1)).toBe('stopped');
    expect(messages.filter(msg => msg === 'request').length).toBeGreaterThanOrEqual(12 + load.statuses.length);
    expect(gateway.stderr()).toBe('');
  },
);

test('requests unfinished at drain.limit: aborted, and the process ends', async () => {
  const gateway = await startWorkers(text => text.replace('limit: 10s', 'limit: 300ms'));
  const held = holdRequests(2);
  const answering = Array.from({ length: 2 }, () => statusOf(gateway).catch(() => 0));
  await held;
  gateway.child.kill('SIGTERM');
  expect(await gateway.exit).toBe(0);
  await Promise.all(answering);
});

test('the primary is killed: its workers end', async () => {
  const gateway = await startWorkers();
  const workers = childProcessIds(gateway.child.pid);
  expect(workers).toHaveLength(WORKERS);
  gateway.child.kill('SIGKILL');
  await eventually(() => workers.every(worker => !isAlive(worker)));
});

test('a port in use: exit 1, named in the message', async () => {
  const gateway = await startWorkers();
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, `listen: 127.0.0.1:${gateway.port}\nadmin: 127.0.0.1:0\n${workersYaml()}`);
  const child = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', piece => {
    complaint += piece;
  });
  const [code] = await once(child, 'close');
  rmSync(folder, { recursive: true });
  expect(code).toBe(1);
  expect(complaint).toContain('EADDRINUSE');
  expect(complaint).toContain(String(gateway.port));
});
