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

test.each([
  ['', 'it is empty'],
  ['\u001f\u008b', 'none is as audgate writes it, or as Docker (json-file), Kubernetes or journalctl -o json store it'],
  ['Nov 27 10:00:00 host audgate[1]: {}', 'none is as audgate writes it'],
  [JSON.stringify({ time: '2026-11-23T14:00:00Z', level: 'info', msg: 'listening' }), 'none is of a request'],
])('a log of which nothing can be judged, %j: it says why', async (text, why) => {
  const { stderr } = await simulateLog(billingYaml(), writeLog(text === '' ? [] : [text]), false);
  expect(stderr).toContain(`no line of this log could be judged: ${why}`);
});

test('a log without a usable line (compressed, wrapped, empty, no request): exit 1', async () => {
  const line = JSON.stringify({ msg: 'listening' });
  const wrapped = [`2026-11-23T14:00:00Z stdout F ${line}`, JSON.stringify({ log: `${line}\n` }), '\u001f\u008b', ''];
  for (const lines of [[], ...wrapped.map(text => [text]), [line]]) {
    const { code, stdout, stderr } = await simulateLog(billingYaml(), writeLog(lines), false);
    expect(code).toBe(1);
    expect(stderr).toContain(': no line of this log could be judged: ');
    expect(stdout).toContain('requests judged');
  }
});
