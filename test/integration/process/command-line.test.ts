/** The command line: wrong arguments, help, and output whose reader has closed. Needs `npm run build` before. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAIN, runProgram } from '../../support/program.ts';

const TOKEN = `${['{"alg":"ES256"}', '{"iss":"x"}'].map(part => Buffer.from(part).toString('base64url')).join('.')}.c2lnbmF0dXJl`;

let folder: string;
let config: string;
let log: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-command-line-'));
  config = join(folder, 'audgate.yaml');
  writeFileSync(
    config,
    `issuers:
  https://login.example.com: {}
routes:
  /a: { resource: https://api.example.com/, upstream: http://127.0.0.1:9 }
`,
  );
  log = join(folder, 'access.ndjson');
  writeFileSync(
    log,
    `{"msg":"request","time":"2026-11-20T10:00:00Z","route":"/b","method":"GET","host":"x","path":"/b","outcome":"forwarded","iss":"x","aud":[],"exp":4e9,"resource":"https://b.example.com/","enforcement":"report"}\n`,
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('standard output closed by its reader: the same exit code, nothing on standard error', () => {
  test.each<[string, number, () => readonly string[]]>([
    ['--help', 0, () => ['--help']],
    ['check', 0, () => ['check', config]],
    ['check of a file that is wrong', 1, () => ['check', log]],
    ['explain', 2, () => ['explain', '--config', config, 'https://api.example.com/a']],
    ['simulate', 3, () => ['simulate', '--config', config, log]],
  ])('%s', async (_name, expected, argumentsOf) => {
    const child = spawn(process.execPath, [MAIN, ...argumentsOf()], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, stderr }).toEqual({ code: expected, stderr: '' });
  });
});

test.each([
  ['check', TOKEN],
  ['check', '--format', 'json', `Bearer ${TOKEN}`],
  ['--config', TOKEN],
  ['serve', '--config', TOKEN],
  ['explain', '--config', TOKEN, 'https://api.example.com/a'],
  ['simulate', '--config', TOKEN, '-'],
  ['simulate', '--config', 'x.yaml', '--from', TOKEN, '-'],
  ['simulate', '--config', 'x.yaml', TOKEN],
])('a token in the place of a file name: not repeated: %s %s', async (...args) => {
  expect(await runProgram(args)).toEqual({ code: 1, stdout: '', stderr: 'a token is no file name\n' });
});

test('invalid arguments: exit 1 of explain, where 2 means refused, and exit 2 of every other command', async () => {
  expect(await runProgram(['--nonsense', 'explain', '/a'])).toMatchObject({ code: 1, stdout: '' });
  expect(await runProgram(['check', '--nonsense', 'explain'])).toMatchObject({ code: 2, stdout: '' });
});

describe('help', () => {
  const COMMANDS = ['serve', 'check', 'explain', 'simulate'];

  test.each([['--help'], ...COMMANDS.map(name => [name, '--help'])])(
    '%s %s: at most 80 columns, exit 0',
    async (...args) => {
      const { code, stdout, stderr } = await runProgram(args.filter(each => each !== undefined));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([]);
      expect(stdout).toContain('Usage:');
    },
  );

  test('help of a command: its own options only', async () => {
    expect((await runProgram(['check', '--help'])).stdout).toContain('--strict');
    expect((await runProgram(['simulate', '--help'])).stdout).not.toContain('--strict');
  });

  test.each([
    [['chek', 'x'], 'unknown command "chek", did you mean "check"?'],
    [['simulat'], 'unknown command "simulat", did you mean "simulate"?'],
    [['frobnicate'], 'unknown command "frobnicate"'],
    [['--confg', 'x'], 'unknown option --confg, did you mean "--config"?'],
    [['check', '--format'], '--format needs a value'],
    [['check', '--strict=yes', 'x'], '--strict takes no value'],
    [['check'], 'check takes one file'],
  ])('%j: exit 2, and %s', async (args, message) => {
    const { code, stdout, stderr } = await runProgram(args);
    expect({ code, stdout, said: stderr.split('\n')[0] }).toEqual({ code: 2, stdout: '', said: message });
  });

  test.each([[[TOKEN]], [[`Bearer ${TOKEN}`]], [[`--${TOKEN}`]], [['s3cr3t']]])(
    '%j, which is no command: not repeated',
    async args => {
      const { code, stderr } = await runProgram(args);
      expect(code).toBe(2);
      for (const part of args.flatMap(text => text.split('.'))) expect(stderr).not.toContain(part);
    },
  );
});

describe('a missing configuration', () => {
  const WHICH =
    'the configuration is the file of --config FILE, else of AUDGATE_CONFIG, else /etc/audgate/audgate.yaml';

  test.each([[[]], [['serve']]])('audgate %s, without --config: says how to name another', async args => {
    const { code, stdout, stderr } = await runProgram(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      '/etc/audgate/audgate.yaml:1:1: the file does not exist, expected a readable YAML file',
      WHICH,
    ]);
  });

  test('with --config: the missing file only', async () => {
    const { code, stderr } = await runProgram(['--config', 'absent.yaml']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'absent.yaml:1:1: the file does not exist, expected a readable YAML file\n',
    });
  });
});
