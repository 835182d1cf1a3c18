/** An address that cannot be listened on: standard error and log name the key, the address and the remedy. */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listenOnLoopback } from '../../support/listener.ts';
import { MAIN, parseLog, runProgram } from '../../support/program.ts';

vi.setConfig({ testTimeout: 60_000 });

const NOBODY = 65_534;
const PRIVILEGED = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));

/** A user without rights, where the tests run as root. */
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
/** Whether that user may read the program, and the Node.js that the tests run on. */
const canRun = spawnSync(process.execPath, [MAIN, '--version'], user).status === 0;

let folder: string;
let holder: Server;
let held: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  chmodSync(folder, 0o755);
  holder = createServer();
  held = await listenOnLoopback(holder);
});

afterAll(() => {
  holder.close();
  rmSync(folder, { recursive: true });
});

const PLACES = [1, 2].flatMap(workers => (['listen', 'admin'] as const).map(key => [key, workers] as const));

describe.each(PLACES)('%s, with %i worker(s)', (key, workers) => {
  test('a port in use: logged with key, address, code and remedy', async () => {
    const { code, stderr, line } = await runListeningAt(workers, key, `127.0.0.1:${held}`);
    const problem = 'another process listens there: stop it, or write another port';
    expect(line).toMatchObject({ level: 'error', key, address: `127.0.0.1:${held}`, code: 'EADDRINUSE', problem });
    expect(stderr).toBe(`cannot listen: ${key}: 127.0.0.1:${held}: ${problem} (EADDRINUSE)\n`);
    expect(code).toBe(1);
  });

  test('an address of another machine: logged', async () => {
    const { code, stderr, line } = await runListeningAt(workers, key, '192.0.2.1:8080');
    expect(line).toMatchObject({ level: 'error', key, address: '192.0.2.1:8080', code: 'EADDRNOTAVAIL' });
    expect(stderr).toContain(`cannot listen: ${key}: 192.0.2.1:8080: this machine has no such address`);
    expect(code).toBe(1);
  });

  test.skipIf(PRIVILEGED === 0 || !canRun)('a privileged port: logged', async () => {
    const { code, stderr, line } = await runListeningAt(workers, key, '127.0.0.1:7', user);
    expect(line).toMatchObject({ level: 'error', key, address: '127.0.0.1:7', code: 'EACCES' });
    expect(stderr).toContain('write a port from 1024 on');
    expect(code).toBe(1);
  });
});

test.each([
  ['[2001:db8::1]:8080', /./],
  ['nowhere.invalid:8080', /^(ENOTFOUND|EAI_AGAIN)$/],
])('%s: logged as it is written', async (address, expected) => {
  const { code, line } = await runListeningAt(1, 'listen', address);
  expect(line).toMatchObject({ level: 'error', key: 'listen', address });
  expect(line?.['code']).toMatch(expected);
  expect(code).toBe(1);
});

/** Runs the program until it ends by itself. @returns exit code, standard error, and the line `cannot listen` of the log. */
async function runListeningAt(workers: number, key: 'listen' | 'admin', address: string, as: typeof user = {}) {
  const addresses = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', [key]: address };
  const file = join(mkdtempSync(join(folder, 'of-')), 'audgate.yaml');
  chmodSync(join(file, '..'), 0o755);
  const routes = 'routes: { /x: { public: true, upstream: "http://127.0.0.1:9" } }\n';
  writeFileSync(
    file,
    `listen: "${addresses.listen}"\nadmin: "${addresses.admin}"\nadmin_token: a-token-of-the-operators\nworkers: ${workers}\n${routes}`,
  );
  const { code, stderr, stdout } = await runProgram(['--config', file], as);
  return { code, stderr, line: parseLog(stdout).find(({ msg }) => msg === 'cannot listen') };
}
