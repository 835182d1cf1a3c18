/** The log of several workers: no line is lost or mixed. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { childProcessIds } from '../../support/gateway-process.ts';
import { MAIN } from '../../support/program.ts';
import { request } from '../../support/raw-http.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { eventually } from '../../support/waiting.ts';
import {
  issuer,
  RESOURCE,
  served,
  startWorkers,
  statusOf,
  token,
  useWorkersFixture,
  WORKERS,
  workersYaml,
} from './fixture.ts';

// For what never ends; on a busy machine a process takes seconds to start.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
useWorkersFixture();

test.each([1, WORKERS])('an uncaught exception: no line of the log is lost, %i process(es)', async workers => {
  const fault = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("fault")})';
  const gateway = await startWorkers(
    text => text.replace(`workers: ${WORKERS}`, `workers: ${workers}`),
    ['--import', fault],
  );
  expect(await statusOf(gateway)).toBe(200);
  await eventually(async () => (await gateway.sample(served)) === 1);
  for (const pid of workers === 1 ? [gateway.child.pid ?? 0] : childProcessIds(gateway.child.pid))
    process.kill(pid, 'SIGUSR2');
  await (workers === 1 ? gateway.exit : gateway.line('worker ended', workers));
  expect(gateway.lines('request')).toHaveLength(1);
});

test.each(['a pipe', 'a file'])('lines of all workers into %s: each complete', async kind => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const log = join(folder, 'log');
  const file = join(folder, 'audgate.yaml');
  const port = await reservePort();
  writeFileSync(file, `listen: 127.0.0.1:${port}\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms }\n${workersYaml()}`);
  const read = join(folder, 'read');
  // A pipe whose reader starts late and reads page by page, so that it is full and writers wait.
  const reader = `{ until [ -e "${read}" ]; do sleep 0.1; done; dd "of=${log}" bs=4096 status=none; }`;
  const command = kind === 'a pipe' ? `"$0" "$@" | ${reader}` : `exec "$0" "$@" > "${log}"`;
  const shell = spawn('bash', ['-c', command, process.execPath, MAIN, '--config', file], { stdio: 'ignore' });
  const ended = once(shell, 'close');
  await eventually(() =>
    request(port, { path: '/none' }).then(
      () => true,
      () => false,
    ),
  );
  const big = await issuer.sign({
    claims: { aud: [RESOURCE, ...Array.from({ length: 60 }, (_, n) => `https://${n}.example/${'a'.repeat(90)}`)] },
  });
  const sent = 600;
  const work = async () => {
    for (let count = 0; count < sent / 6; count += 1) await statusOf({ port }, '/api', count % 3 === 0 ? big : token);
  };
  await Promise.all(Array.from({ length: 6 }, work));
  writeFileSync(read, '');
  const [primary = 0] = kind === 'a pipe' ? childProcessIds(shell.pid).filter(isNode) : [shell.pid ?? 0];
  process.kill(primary, 'SIGTERM');
  await ended;
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
  rmSync(folder, { recursive: true });
  expect(lines.filter(({ msg, status }) => msg === 'request' && status === 200)).toHaveLength(sent);
  expect(lines.filter(({ truncated }) => truncated === true)).toHaveLength(kind === 'a pipe' ? 6 * 34 : 0);
});

function isNode(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.js');
}
