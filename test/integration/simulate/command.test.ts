/** `audgate simulate` as a command: arguments, standard input, files that cannot be read. */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../../support/program.ts';
import { ask, billingYaml, folder, record, simulateLog, useSimulateFixture, writeConfig, writeLog } from './fixture.ts';

useSimulateFixture();

describe('the command', () => {
  test('a log on standard input: read, nothing on standard error', async () => {
    const { log } = await record(billingYaml(), [ask('none')]);
    const text = log.map(line => `${JSON.stringify(line)}\n`).join('');
    const config = writeConfig(billingYaml({ enforcement: 'enforce' }));
    const { code, stdout, stderr } = await runProgram(['simulate', '--config', config, '-', '--json'], { input: text });
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(JSON.parse(stdout).changes).toMatchObject([
      { kind: 'would_break', count: 1, becomes: { reason: 'missing_token' } },
    ]);
  });

  test('missing arguments: exit 2', async () => {
    expect(await runProgram(['simulate', writeLog([])])).toMatchObject({ code: 2, stdout: '' });
    expect(await runProgram(['simulate', '--config', writeConfig(billingYaml())])).toMatchObject({
      code: 2,
      stdout: '',
    });
  });
});

test('an unreadable configuration or log: exit 1', async () => {
  const log = writeLog([]);
  expect(await simulateLog('routes: 7', log, false)).toMatchObject({ code: 1, stdout: '' });
  expect(await simulateLog(billingYaml(), log, false, 'routes: 7')).toMatchObject({ code: 1, stdout: '' });
  for (const unreadable of [join(folder, 'absent'), folder, 'x'.repeat(300)]) {
    const { code, stdout, stderr } = await simulateLog(billingYaml(), unreadable, false);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`${unreadable}: cannot be read (`);
  }
});

test('a log without a usable line (compressed, wrapped, empty, no request): exit 1', async () => {
  const line = JSON.stringify({ msg: 'listening' });
  const wrapped = [`2026-11-23T14:00:00Z stdout F ${line}`, JSON.stringify({ log: `${line}\n` }), '\u001f\u008b', ''];
  for (const lines of [[], ...wrapped.map(text => [text]), [line]]) {
    const { code, stdout, stderr } = await simulateLog(billingYaml(), writeLog(lines), false);
    expect({ code, isTold: stderr.endsWith(': no line of this log could be judged\n') }).toEqual({
      code: 1,
      isTold: true,
    });
    expect(stdout).toContain('requests judged');
  }
});
