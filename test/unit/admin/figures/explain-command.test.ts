/** The command to copy: a shell passes on exactly the arguments that were meant, whatever bytes the caller chose. */

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatExplainCommand, isExplainable } from '../../../../src/admin/figures/explain-command.ts';
import type { RecentDenial } from '../../../../src/telemetry/recent/recent-denials.ts';

const FILE = '/etc/audgate/audgate.yaml';
const AT = Date.parse('2026-11-26T17:32:30.123Z');

function denial(facts: Partial<RecentDenial> = {}): RecentDenial {
  const request = { requestId: '1', route: '/a', status: 401, method: 'GET', host: 'api.example', path: '/a/b' };
  return { at: AT, reason: 'wrong_audience', action: 'refused', ...request, ...facts };
}

/** The arguments that a shell passes to `audgate`, for several commands at once. */
function readArguments(lines: readonly string[]): readonly (readonly string[])[] {
  const script = `audgate() { printf '%s\\0' "$@"; printf '\\0'; }\n${lines.join('\n')}\n`;
  const { stdout, stderr, status } = spawnSync('sh', ['-s'], { input: script, encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout
    .split('\0\0')
    .slice(0, -1)
    .map(text => text.split('\0'));
}

test('a denial with a token: a command that reads it from standard input, with the time of the denial', () => {
  expect(formatExplainCommand(denial(), FILE)).toBe(
    'audgate explain --config=/etc/audgate/audgate.yaml --token-file=- --method=GET --at=2026-11-26T17:32:30.123Z http://api.example/a/b',
  );
});

test('missing_token: a command without a token', () => {
  expect(formatExplainCommand(denial({ reason: 'missing_token' }), FILE)).not.toContain('--token-file');
});

test('any printable bytes of a caller: the shell passes them on and runs nothing', () => {
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
    maxLength: 40,
  });
  const cases = fc.sample(fc.record({ method: text, host: text, path: text, file: text }), { numRuns: 500, seed: 16 });
  const chosen = [
    { method: '$(touch /tmp/x)', host: "a';touch /tmp/x;'", path: '`touch /tmp/x`', file: "it's" },
    { method: '-rf', host: '!!', path: '#comment', file: '~/x' },
    { method: '&&', host: '\\', path: '"$HOME"', file: '*' },
  ];
  const given = [...cases, ...chosen].map(each => ({ ...each, path: `/${each.path}` }));
  const usable = given.filter(({ method, host, file }) => method !== '' && host !== '' && file !== '');
  const lines = usable.map(({ file, ...facts }) => formatExplainCommand(denial(facts), file) ?? '');
  expect(readArguments(lines)).toEqual(
    usable.map(({ method, host, path, file }) => [
      'explain',
      `--config=${file}`,
      '--token-file=-',
      `--method=${method}`,
      '--at=2026-11-26T17:32:30.123Z',
      `http://${host}${path}`,
    ]),
  );
});

test.each([
  ['a line feed', '/a\nrm -rf /'],
  ['a carriage return', '/a\rx'],
  ['an escape sequence', '/a\u001b[2J'],
  ['a C1 control', '/a\u009b2J'],
  ['DEL', '/a\u007f'],
  ['a bidi override', '/a\u202egnp'],
  ['a bidi isolate', '/a\u2066x'],
  ['a zero-width space', '/a\u200bb'],
  ['a line separator', '/a\u2028b'],
  ['a letter that looks like another', '/p\u0430th'],
  ['a byte above ASCII', '/caf\u00c3\u00a9'],
  ['a value that was cut', `/${'a'.repeat(256)}…`],
])('%s in a path, a Host, a method or a file name: no command', (_, text) => {
  expect(formatExplainCommand(denial({ path: text }), FILE)).toBeUndefined();
  expect(formatExplainCommand(denial({ host: `h${text}` }), FILE)).toBeUndefined();
  expect(formatExplainCommand(denial({ method: `GET${text}` }), FILE)).toBeUndefined();
  if (!text.endsWith('…')) expect(formatExplainCommand(denial(), text)).toBeUndefined();
});

test('a request refused before its head was complete: no command', () => {
  for (const facts of [
    { host: '' },
    { path: '' },
    { reason: 'malformed_request' },
    { reason: 'request_timeout' },
  ] as const) {
    expect(isExplainable(denial(facts))).toBe(false);
    expect(formatExplainCommand(denial(facts), FILE)).toBeUndefined();
  }
});
