/** config/systemd/audgate.service: systemd accepts it, and what it says fits the program. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './markdown.ts';

const UNIT = readFileSync(join(ROOT, 'config/systemd/audgate.service'), 'utf8');
const START = 'ExecStart=audgate ';
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

function valuesOf(key: string): readonly string[] {
  return [...UNIT.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

/** The program is not installed here: the unit is given the built one. */
function verify(unit: string) {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-systemd-'));
  const file = join(folder, 'audgate.service');
  writeFileSync(file, unit.replace(START, `ExecStart=${process.execPath} ${join(ROOT, 'dist/main.js')} `));
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  const judged = spawnSync('systemd-analyze', ['security', '--offline=true', file], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  const [, exposure] = /exposure level for \S+ ([\d.]+)/.exec(judged.stdout) ?? [];
  return { complaints: verified.stderr, status: verified.status, exposure: Number(exposure) };
}

describe.skipIf(!hasSystemd)('systemd-analyze', () => {
  test('verify: no complaint', () => {
    expect(verify(UNIT)).toMatchObject({ complaints: '', status: 0 });
  });

  test('verify: an unknown directive is reported', () => {
    expect(verify(UNIT.replace('NoNewPrivileges', 'NoNewPrivilege')).complaints).toContain('NoNewPrivilege');
  });

  test('security: an exposure of less than 2', () => {
    expect(verify(UNIT).exposure).toBeLessThan(2);
  });
});

test('unit: starts the program with the default configuration, reloads by SIGHUP, and signals the first process only', () => {
  expect(UNIT).toContain(`\n${START}--config /etc/audgate/audgate.yaml\n`);
  expect(valuesOf('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID']);
  expect(valuesOf('KillMode')).toEqual(['mixed']);
  // The defaults of drain.delay and drain.limit are 31 s together.
  expect(Number(valuesOf('TimeoutStopSec')[0])).toBeGreaterThan(31);
});

test('unit: nothing that Node.js does not start with', () => {
  expect(valuesOf('MemoryDenyWriteExecute')).toEqual([]);
  expect(valuesOf('SystemCallFilter').join(' ')).toContain('@pkey');
});
