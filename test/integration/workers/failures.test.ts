/** Workers that cannot start, end, or hang: each is logged and replaced. Real processes. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { childProcessIds, type GatewayProcess, isWhole, startGatewayProcess } from '../../support/gateway-process.ts';
import { parseLog, runProgram } from '../../support/program.ts';
import { request } from '../../support/raw-http.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually, pause } from '../../support/waiting.ts';

const WORKERS = 2;
/** Milliseconds that a process may take to start on a busy machine. */
const PATIENCE = 30_000;
/** A worker that does not answer for 10 s, asked every 2 s, is ended. */
const HANG_LIMIT = 12_000;

vi.setConfig({ testTimeout: 90_000 });

let upstream: Upstream;
let folder: string;

beforeAll(async () => {
  upstream = await startUpstream();
  folder = mkdtempSync(join(tmpdir(), 'audgate-'));
});

afterAll(async () => {
  await upstream.close();
  rmSync(folder, { recursive: true });
});

/** Runs before the program in each of its processes. @param order a file whose text decides how new workers fail. */
const preload = (order: string) =>
  `data:text/javascript,${encodeURIComponent(`
import cluster from 'node:cluster';
import { existsSync, readFileSync } from 'node:fs';
const order = () => existsSync(${JSON.stringify(order)}) ? readFileSync(${JSON.stringify(order)}, 'utf8') : '';
if (cluster.isWorker) {
  if (order() === 'exit') process.exit(3);
  if (order() === 'hang') while (order() === 'hang');
  if (order() === 'mute') { const { send } = process; process.send = (message, ...rest) =>
    message?.name === 'ready' || message?.kind === undefined ? send.call(process, message, ...rest) : true; }
  process.on('SIGWINCH', () => { for (;;); });
} else {
  const { fork } = cluster;
  cluster.fork = (...given) => { if (order() === 'throw') throw new Error('spawn ENOMEM'); return fork.apply(cluster, given); };
}`)}`;

/** The file that decides how new workers fail. */
function createOrder(): string {
  return join(mkdtempSync(join(folder, 'order-')), 'order');
}

/** Closes it when its test ends: tests of this file run concurrently. */
async function startWithOrders({ onTestFinished }: TestContext, order = createOrder()): Promise<GatewayProcess> {
  const yaml = `workers: ${WORKERS}\nroutes: { /x: { public: true, upstream: "${upstream.origin}" } }\n`;
  const gateway = await startGatewayProcess(yaml, { nodeOptions: ['--import', preload(order)] });
  onTestFinished(() => gateway.close());
  return gateway;
}

async function endOne(gateway: GatewayProcess): Promise<number> {
  const [victim = 0] = childProcessIds(gateway.child.pid);
  process.kill(victim, 'SIGKILL');
  await gateway.line('worker ended');
  return victim;
}

async function expectWhole(gateway: GatewayProcess): Promise<void> {
  await eventually(() => isWhole(gateway), PATIENCE).catch(error => {
    throw new Error(`${error.message}: ${gateway.child.exitCode} ${gateway.child.signalCode} ${gateway.stderr()}`);
  });
  expect(childProcessIds(gateway.child.pid)).toHaveLength(WORKERS);
  expect((await request(gateway.port, { path: '/x' })).status).toBe(200);
}

describe.concurrent('a worker that cannot start: logged, retried with growing delay, started in the end', () => {
  test('no file descriptor (EMFILE)', async context => {
    const gateway = await startWithOrders(context);
    const limit = (count: string) =>
      spawnSync('prlimit', ['--pid', String(gateway.child.pid), `--nofile=${count}`], { encoding: 'utf8' });
    expect(limit('8:').stderr).toBe('');
    await endOne(gateway);
    const failed = await gateway.line('worker could not start', 2);
    expect(failed).toMatchObject({ level: 'error', problem: expect.stringContaining('EMFILE') });
    expect(childProcessIds(gateway.child.pid)).toHaveLength(WORKERS - 1);
    expect((await request(gateway.port, { path: '/x' })).status).toBe(200);
    limit('1024:');
    await expectWhole(gateway);
  });

  test.for([
    ['fork fails', 'throw', 'ENOMEM'],
    ['it exits before it is ready', 'exit', 'it ended'],
  ] as const)('%s', async ([, what, problem], context) => {
    const order = createOrder();
    const gateway = await startWithOrders(context, order);
    writeFileSync(order, what);
    await endOne(gateway);
    const [first, third] = [
      await gateway.line('worker could not start'),
      await gateway.line('worker could not start', 3),
    ];
    expect(first['problem']).toContain(problem);
    // 100, 200 ms in between, and the time of two processes.
    expect(Date.parse(String(third['time'])) - Date.parse(String(first['time']))).toBeGreaterThanOrEqual(300);
    rmSync(order);
    await expectWhole(gateway);
  });

  test.for([
    ['it never becomes ready', 'hang', 'it did not report ready within'],
    ['it becomes ready and never listens', 'mute', 'it did not begin within'],
  ] as const)('%s', async ([, what, problem], context) => {
    const order = createOrder();
    const gateway = await startWithOrders(context, order);
    writeFileSync(order, what);
    await endOne(gateway);
    const failed = await gateway.line('worker could not start');
    expect(failed['problem']).toContain(problem);
    rmSync(order);
    await expectWhole(gateway);
  });
});

describe.concurrent('a worker that hangs: logged, killed and replaced', () => {
  test.for(['SIGSTOP', 'SIGWINCH'] as const)(
    'by %s (stopped; its event loop blocked), and a reload does not wait for more than that',
    async (signal, context) => {
      const gateway = await startWithOrders(context);
      const [victim = 0] = childProcessIds(gateway.child.pid);
      process.kill(victim, signal);
      const startedAt = performance.now();
      const yaml = `workers: ${WORKERS}\nroutes: { /y: { public: true, upstream: "${upstream.origin}" } }\n`;
      writeFileSync(gateway.file, gateway.configure(yaml));
      const hung = await gateway.line('worker hangs');
      expect(hung).toMatchObject({ level: 'error', pid: victim, problem: 'no answer for 10 s' });
      await gateway.line('configuration loaded', 2);
      expect(performance.now() - startedAt).toBeLessThan(HANG_LIMIT + 6_000);
      await eventually(() => isWhole(gateway), PATIENCE);
      expect(childProcessIds(gateway.child.pid)).not.toContain(victim);
      for (let count = 0; count < 10; count += 1)
        expect((await request(gateway.port, { path: '/y' })).status).toBe(200);
    },
  );

  test('a primary that was stopped for longer: no worker is killed', async context => {
    const gateway = await startWithOrders(context);
    const before = childProcessIds(gateway.child.pid);
    gateway.child.kill('SIGSTOP');
    await pause(14_000);
    gateway.child.kill('SIGCONT');
    await pause(3_000);
    expect(childProcessIds(gateway.child.pid)).toEqual(before);
    expect(gateway.lines().filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('at the start', () => {
  test('no worker can start: exit 1, and the log says why', async () => {
    const order = createOrder();
    writeFileSync(order, 'exit');
    const { code, log, stderr } = await runWithRoutes('workers: 2\n', ['--import', preload(order)]);
    expect(code).toBe(1);
    expect(log.find(({ msg }) => msg === 'cannot start')).toMatchObject({
      level: 'error',
      msg: 'cannot start',
      problem: 'no worker could start: it ended',
    });
    expect(stderr).toContain('cannot start: no worker could start: it ended');
  });
});

/** Runs the program until it ends by itself. */
async function runWithRoutes(yaml: string, nodeOptions: readonly string[] = []) {
  const file = join(folder, 'audgate.yaml');
  const routes = `routes: { /x: { public: true, upstream: "${upstream.origin}" } }\n`;
  writeFileSync(file, `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n${yaml}${routes}`);
  const { code, stdout, stderr } = await runProgram(['--config', file], { nodeOptions });
  expect(existsSync(file)).toBe(true);
  return { code, log: parseLog(stdout), stderr };
}

test('SIGTERM while a reload waits for a worker: the end is logged, no failed reload', async ({ onTestFinished }) => {
  const yaml = `workers: ${WORKERS}\nroutes: { /x: { public: true, upstream: "${upstream.origin}" } }\n`;
  const gateway = await startGatewayProcess(yaml, {
    place: (into, text) => {
      writeFileSync(join(into, 'audgate.yaml'), text.replace('limit: 10s', 'limit: 1s'));
      return join(into, 'audgate.yaml');
    },
  });
  onTestFinished(() => gateway.close());
  const [stopped = 0] = childProcessIds(gateway.child.pid);
  process.kill(stopped, 'SIGSTOP');
  gateway.child.kill('SIGHUP');
  gateway.child.kill('SIGTERM');
  await gateway.exit;
  const messages = gateway.lines().map(({ msg }) => msg);
  expect(messages).toContain('stopped');
  expect(messages).not.toContain('reload failed');
});
