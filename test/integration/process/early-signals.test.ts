/** Signals that other servers use, sent to every kind of process: none opens a debugger, none ends it. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { childProcessIds, type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { request } from '../../support/raw-http.ts';
import { startUpstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';

vi.setConfig({ testTimeout: 60_000 });

const KINDS = [
  ['a single process', 1, (gateway: GatewayProcess) => gateway.child.pid ?? 0],
  ['the primary', 2, (gateway: GatewayProcess) => gateway.child.pid ?? 0],
  ['a worker', 2, (gateway: GatewayProcess) => childProcessIds(gateway.child.pid)[0] ?? 0],
] as const;

test.each(KINDS)('%s: SIGUSR1 and SIGUSR2 are ignored and logged; others do nothing', async (_name, workers, pidOf) => {
  const gateway = await startWithWorkers(workers);
  const pid = pidOf(gateway);
  const before = listenersOf(pid);
  for (const signal of ['SIGPIPE', 'SIGWINCH', 'SIGCONT', 'SIGURG', 'SIGCHLD'] as const) process.kill(pid, signal);
  for (const [index, signal] of (['SIGUSR1', 'SIGUSR2', 'SIGUSR1'] as const).entries()) {
    process.kill(pid, signal);
    expect(await gateway.line('signal ignored', index + 1)).toMatchObject({ level: 'warn', signal, pid });
  }
  for (let count = 0; count < 4; count += 1) {
    expect((await request(gateway.port, { path: '/x' }, { timeout: 15_000 })).status).toBe(200);
  }
  expect((await gateway.readiness()).status).toBe(200);
  expect(listenersOf(pid)).toBe(before);
  expect(gateway.stderr()).toBe('');
  expect(gateway.lines().filter(({ level }) => level === 'error')).toEqual([]);
});

test('--inspect: the inspector listens', async () => {
  const gateway = await startWithWorkers(1, ['--inspect=127.0.0.1:0']);
  await eventually(() => gateway.stderr().includes('Debugger listening on'));
  expect(listenersOf(gateway.child.pid ?? 0)).toBe(3);
});

async function startWithWorkers(workers: number, nodeOptions: readonly string[] = []): Promise<GatewayProcess> {
  const upstream = await startUpstream();
  const yaml = `workers: ${workers}\nroutes: { /x: { public: true, upstream: "${upstream.origin}" } }\n`;
  const gateway = await startGatewayProcess(yaml, { nodeOptions });
  onTestFinished(async () => {
    await gateway.close();
    await upstream.close();
  });
  return gateway;
}

/** @returns how many TCP sockets of a process listen. */
function listenersOf(pid: number): number {
  const listening = ['tcp', 'tcp6'].flatMap(kind =>
    readFileSync(`/proc/${pid}/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/))
      .flatMap(fields => (fields[3] === '0A' ? [`socket:[${fields[9]}]`] : [])),
  );
  const links = readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  return links.filter(link => listening.includes(link)).length;
}
