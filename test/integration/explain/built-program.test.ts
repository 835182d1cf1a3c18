/** `audgate explain` as the built program. */

import { describe, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { runProgram } from '../../support/program.ts';
import { billing, file, SLIPPED, sign, useExplainFixture } from './fixture.ts';

useExplainFixture();

/** Sequential, with a long limit: how long a process takes to start is not under test. */
const STARTS = { timeout: 180_000 };

describe('the built program', () => {
  test('text and JSON: output and exit code of the function', STARTS, async () => {
    const token = await sign({ exp: 1_700_000_600, iat: 1_700_000_000, scope: 'billing:read' });
    const at = ['--config', file, '--at', '2023-11-14T22:20:00Z', '--token-file', '-'];
    const asked = [
      { args: [...at, '--json', billing()], code: 0 },
      { args: [...at, 'https://gateway.example.com/profile'], code: 2 },
      { args: [...at, 'not-a-url'], code: 1 },
    ];
    for (const { args, code } of asked) {
      const built = await runProgram(['explain', ...args], { input: token });
      expect(built).toEqual(await runExplain(args, token));
      expect(built.code).toBe(code);
    }
  });

  test('an unknown option: exit 1, and the usage on standard error', STARTS, async () => {
    const { code, stdout, stderr } = await runProgram(['explain', '--config', file, '--frobnicate', '/billing']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Usage:');
  });

  test('a token as an argument: exit 1, and it is not repeated', STARTS, async () => {
    const { code, stdout, stderr } = await runProgram(['explain', '--config', file, '--token', SLIPPED, '/billing']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('shell history');
    expect(stderr).not.toContain(SLIPPED);
  });
});
