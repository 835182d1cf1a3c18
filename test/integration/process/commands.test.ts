/** The commands of the program: help, version and check. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  BROKEN,
  expectEveryProblem,
  folder,
  gatewayYaml,
  ROOT,
  runToEnd,
  useProcessFixture,
  writeConfig,
} from './fixture.ts';

useProcessFixture();

describe('commands', () => {
  test('--help: every command, exit 0', async () => {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await runToEnd([flag]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const word of ['serve', 'check', 'explain', '--config', '--help', '--version', 'AUDGATE_CONFIG'])
        expect(stdout).toContain(word);
    }
  });

  test('--version: that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const { code, stdout, stderr } = await runToEnd(['--version']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim().split(' ').at(-1)).toBe(version);
  });

  test.each([
    [['frobnicate']],
    [['serve', 'too', 'many']],
    [['--frobnicate']],
    [['--config']],
    [['check']],
    [['check', '--format', 'xml', 'x']],
    [['serve', '--at', 'noon']],
  ])('%j: exit 2, usage on standard error', async args => {
    const { code, stdout, stderr } = await runToEnd(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage:');
  });

  test('check: 0 for a good file, 1 for a bad one with every problem, and no listener either way', async () => {
    const good = await runToEnd(['check', writeConfig(gatewayYaml())]);
    expect(good.code).toBe(0);
    const bad = await runToEnd(['check', writeConfig(BROKEN)]);
    expect(bad.code).toBe(1);
    expectEveryProblem(`${bad.stdout}${bad.stderr}`);
  });

  test('check: --strict fails for a warning, --format json says so in one object', async () => {
    const file = writeConfig('issuers: { https://i.example: }\nroutes: { /: { public: true, upstream: http://a } }\n');
    expect((await runToEnd(['check', file])).code).toBe(0);
    const { code, stdout } = await runToEnd(['check', '--strict', '--format', 'json', file]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ file, ok: false, problems: [{ code: 'unused-issuer', line: 1 }] });
  });

  test('check: 1 for a missing file', async () => {
    const { code, stdout, stderr } = await runToEnd(['check', join(folder, 'absent.yaml')]);
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).toContain('absent.yaml');
  });
});
