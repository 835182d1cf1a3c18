/** The diff of two texts, applied by the tools that operators have. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createDiff } from '../../../../src/cli/propose/patch/unified-diff.ts';

const folder = mkdtempSync(join(tmpdir(), 'audgate-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** No repository around it counts. */
const environment = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir(), LC_ALL: 'C' };
const TOOLS = { patch: ['patch', '-p1', '--no-backup-if-mismatch'], git: ['git', 'apply', '-'] } as const;

function apply(tool: keyof typeof TOOLS, name: string, before: string, diff: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, before);
  const [command, ...args] = TOOLS[tool];
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, input: diff, env: environment });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
  return readFileSync(file, 'utf8');
}

test('equal texts: nothing', () => {
  expect(createDiff('a', 'x\n', 'x\n')).toBe('');
});

test('one added line: with three lines around it', () => {
  expect(createDiff('a', '1\n2\n3\n4\n5\n6\n7\n8\n', '1\n2\n3\n4\nnew\n5\n6\n7\n8\n')).toBe(
    '--- a/a\n+++ b/a\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+new\n 5\n 6\n 7\n',
  );
});

test('two changes far apart: two hunks, which only add', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `${index}\n`);
  const after = lines.toSpliced(25, 0, 'b\n').toSpliced(2, 0, 'a\n').join('');
  const diff = createDiff('a', lines.join(''), after);
  expect(diff.match(/^@@/gm)).toHaveLength(2);
  expect(diff.match(/^-(?!-)/gm)).toBeNull();
});

test.each(['patch', 'git'] as const)('%s: applies what is added to any text, with any line ends', tool => {
  const line = fc.constantFrom('routes:', '', '    x: 1', '  /a:', '# c', '- b', 'a\r', '    exceptions:', '\t');
  const texts = fc.record({
    old: fc.array(line, { minLength: 1, maxLength: 30 }),
    added: fc.array(fc.tuple(fc.nat(30), fc.array(line, { minLength: 1, maxLength: 4 })), { maxLength: 4 }),
    changed: fc.option(fc.nat(29)),
    endsOpen: fc.boolean(),
  });
  fc.assert(
    fc.property(texts, ({ old, added, changed, endsOpen }) => {
      const next = old.map((each, index) => (index === changed ? `${each} new` : each));
      for (const [at, lines] of added) next.splice(at, 0, ...lines);
      const toText = (lines: readonly string[]) => lines.join('\n') + (endsOpen ? '' : '\n');
      const [before, after] = [toText(old), toText(next)];
      const diff = createDiff('audgate.yaml', before, after);
      if (diff !== '') expect(apply(tool, 'audgate.yaml', before, `${diff}# a list\n#\n`)).toBe(after);
    }),
    { numRuns: 60 },
  );
});

test.each(['patch', 'git'] as const)('%s: finds files of any name', tool => {
  for (const name of [
    'a b.yaml',
    'conf/ü.yaml',
    'q"uote.yaml',
    'tab\there.yaml',
    'back\\slash.yaml',
    'a/b/a.yaml',
    'end ',
    '\u202Ex.yaml',
  ]) {
    expect(apply(tool, name, 'x: 1\n', createDiff(name, 'x: 1\n', 'x: 1\ny: 2\n'))).toBe('x: 1\ny: 2\n');
  }
});

test('a name that turns the reading direction: escaped', () => {
  expect(createDiff('\u202Ex', 'x\n', 'y\n').split('\n')[0]).toBe('--- "a/\\342\\200\\256x"');
});
