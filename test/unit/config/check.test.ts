import { expect, test } from 'vitest';
import { check } from '../../../src/cli/check.ts';
import { EXAMPLE, writeConfiguration } from './configuration.ts';

function run(text: string): { code: number; lines: string[] } {
  const lines: string[] = [];
  const file = writeConfiguration(text);
  const code = check(file, {}, line => lines.push(line.replaceAll(file, 'FILE')));
  return { code, lines };
}

test('a clean file is summarised', () => {
  const text = 'routes:\n  /:\n    public: true\n    upstream: http://x\n';
  expect(run(text)).toEqual({ code: 0, lines: ['FILE: ok, 1 route, 0 issuers'] });
});

test('warnings are printed and leave the exit code 0', () => {
  const { code, lines } = run(EXAMPLE);
  expect(code).toBe(0);
  expect(lines.at(-1)).toBe('FILE: ok, 3 routes, 1 issuer, 2 warnings');
  expect(lines.slice(0, -1).every(line => /^FILE:\d+:\d+: warning: /.test(line))).toBe(true);
});

test('errors are printed one a line, without a summary', () => {
  expect(run('routes: {}\nlisten: x\n')).toEqual({
    code: 1,
    lines: [
      'FILE:1:1: routes: no routes, expected at least one route',
      'FILE:2:9: listen: "x" is not the address of a listener, expected host:port, [::]:port or :port',
    ],
  });
});
