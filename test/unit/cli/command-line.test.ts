import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../../src/cli/command-line.ts';
import { describeCommand } from '../../../src/cli/help.ts';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';

describe('serve', () => {
  test.each([
    ['no argument', [], undefined, { file: '/etc/audgate/audgate.yaml', isNamed: false }],
    ['AUDGATE_CONFIG', ['serve'], 'b.yaml', { file: 'b.yaml', isNamed: false }],
    ['AUDGATE_CONFIG, empty', ['serve'], '', { file: '/etc/audgate/audgate.yaml', isNamed: false }],
    ['--config before AUDGATE_CONFIG', ['--config', 'a.yaml'], 'b.yaml', { file: 'a.yaml', isNamed: true }],
  ])('%s: the file is %j', (_, args, fromEnvironment, expected) => {
    expect(readCommandLine(args, fromEnvironment)).toEqual({ kind: 'serve', ...expected });
  });
});

test('an empty --config: refused, not a file without a name', () => {
  expect(readCommandLine(['--config', ''])).toMatchObject({ kind: 'refused', exitCode: 2 });
  expect(readCommandLine(['explain', '--config=', 'https://a/'])).toMatchObject({ kind: 'refused', exitCode: 1 });
});

test('check: one file, its format and strictness', () => {
  const command = readCommandLine(['check', '--strict', '--online', '--format=json', 'a.yaml']);
  expect(command).toEqual({ kind: 'check', file: 'a.yaml', options: { format: 'json', strict: true, online: true } });
});

test('init: an issuer, and pairs of resource and upstream', () => {
  const pairs = [
    '--resource',
    'https://a.example/x',
    '--upstream=http://x',
    '--resource=https://a.example/y',
    '--upstream',
    'http://y',
  ];
  const routes = [
    { key: '/x', resource: 'https://a.example/x', upstream: 'http://x' },
    { key: '/y', resource: 'https://a.example/y', upstream: 'http://y' },
  ];
  const options = { issuer: 'https://i.example', routes };
  expect(readCommandLine(['init', '--issuer', 'https://i.example', ...pairs])).toEqual({ kind: 'init', options });
  expect(readCommandLine(['init'])).toEqual({ kind: 'init', options: { issuer: undefined, routes: [] } });
});

test('explain: every argument is a URL, its options as given', () => {
  const command = readCommandLine(['explain', '--method', 'PUT', 'https://api.example/a', 'b'], 'b.yaml');
  const options = { method: 'PUT', urls: ['https://api.example/a', 'b'], config: 'b.yaml' };
  expect(command).toEqual({ kind: 'explain', options });
});

test('simulate: two configurations and a log', () => {
  const command = readCommandLine(['simulate', '--config', 'new.yaml', '--from', 'old.yaml', '-']);
  const options = { config: 'new.yaml', from: 'old.yaml', log: '-', json: false };
  expect(command).toEqual({ kind: 'simulate', options });
});

test('probe: its options as given', () => {
  const args = ['probe', '--all', '--other-token-file', 'a', '--other-token-file=b', '--token-file=-', 'http://a/'];
  const options = { all: true, 'other-token-file': ['a', 'b'], 'token-file': '-', urls: ['http://a/'] };
  expect(readCommandLine(args, 'b.yaml')).toEqual({ kind: 'probe', options });
});

test('--help: of the command, or of all', () => {
  expect(readCommandLine(['check', '--help'])).toEqual({ kind: 'help', text: describeCommand('check') });
  expect(readCommandLine(['-h'])).toEqual({ kind: 'help', text: describeCommand(undefined) });
});

test('--version: version', () => {
  expect(readCommandLine(['--version'])).toEqual({ kind: 'version' });
});

describe('refused arguments: one line and the usage, exit code 2', () => {
  test.each([
    [['chekc'], 'unknown command "chekc", did you mean "check"?'],
    [['check', '--strikt', 'a'], 'unknown option --strikt, did you mean "--strict"?'],
    [['check', '--json', 'a'], '--json is no option of check'],
    [['check'], 'check takes one file'],
    [['serve', 'a'], 'serve takes no argument'],
    [['check', '--format', 'xml', 'a'], '--format is one of text, json, github'],
    [['check', '--format'], '--format needs a value'],
    [['check', '--strict=yes', 'a'], '--strict takes no value'],
    [['simulate', 'a'], 'simulate needs --config'],
    [['init', 'https://i.example'], 'init takes no argument'],
    [['init', '--online'], '--online is no option of init'],
    [['init', '--resource', 'https://a/'], '--resource and --upstream come in pairs: 1 and 0 were given'],
  ])('%j: %s', (args, message) => {
    const text = `${message}\n\n${describeCommand(args[0])}`;
    expect(readCommandLine(args)).toEqual({ kind: 'refused', text, exitCode: 2 });
  });

  test.each(['explain', 'probe'])('%s: exit code 1, since 2 is a verdict', name => {
    expect(readCommandLine([name, '--from', 'a'])).toMatchObject({ kind: 'refused', exitCode: 1 });
  });
});

test.each([
  [['check', TOKEN]],
  [['--config', `Bearer ${TOKEN}`]],
  [['simulate', '--config', 'a', '--from', TOKEN, 'b']],
])('a token as a file name, %#: refused, not repeated', args => {
  const command = readCommandLine(args);
  expect(command).toEqual({ kind: 'refused', text: 'a token is no file name\n', exitCode: 1 });
});
