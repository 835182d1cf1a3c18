/** Caddy with forward_auth: that of the PATH, and a second one where `AUDGATE_CADDY` names it. */

import { spawnSync } from 'node:child_process';
import { findProgram } from '../../differential/servers/real-server.ts';
import type { FrontProxyKind } from './front-proxy.ts';

/** The port of its admin endpoint is the same for every Caddy of a machine. */
const NO_ADMIN = '{\n\tadmin off\n}\n';

function describe(program: string | undefined): FrontProxyKind {
  return {
    name: `Caddy ${versionOf(program)}`.trim(),
    program,
    statusWhenDown: 503,
    patience: 6_000,
    sendsBody: false,
    define: (folder, recipe) => ({
      args: ['run', '--adapter', 'caddyfile', '--config', `${folder}/Caddyfile`],
      files: { Caddyfile: NO_ADMIN + recipe('caddy/Caddyfile') },
    }),
  };
}

/** One that `go install` has built knows its version only as that of a module. */
function versionOf(program: string | undefined): string {
  if (program === undefined) return '';
  const ask = (command: string) => spawnSync(program, [command], { encoding: 'utf8' }).stdout;
  const found = /^v?(\d+\.\d+\.\d+)/.exec(ask('version')) ?? /caddy\/v2\s+v(\S+)/.exec(ask('build-info'));
  return found?.[1] ?? '';
}

const further = process.env['AUDGATE_CADDY'];

export const caddies: readonly FrontProxyKind[] = [
  describe(findProgram('caddy')),
  ...(further === undefined ? [] : [describe(further)]),
];
