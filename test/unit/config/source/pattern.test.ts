/** Patterns for file names, on a real folder, compared with what bash matches. */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../../src/config/source/limits.ts';
import { isPattern } from '../../../../src/config/source/name-pattern.ts';
import { createNameMatcher, findMatches } from '../../../../src/config/source/pattern.ts';

let folder: string;

beforeAll(() => {
  // The brackets of the folder itself are no pattern.
  folder = join(realpathSync(mkdtempSync(join(tmpdir(), 'audgate-pattern-'))), 'a [x] folder');
  for (const file of [
    'audgate.yaml',
    ...['routes.d/b.yaml', 'routes.d/a.yaml', 'routes.d/a.yml', 'routes.d/.hidden.yaml', 'routes.d/B.yaml'],
    ...['routes.d/a.yaml~', 'routes.d/.a.yaml.swp', 'routes.d/{a}.yaml', 'routes.d/!a.yaml', 'routes.d/10.yaml'],
    ...['teams/x/routes.yaml', 'teams/y/routes.yaml', 'teams/y/more/routes.yaml', 'teams/.git/routes.yaml'],
    ...['map/..v1/a.yaml', 'locked/a.yaml'],
  ]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  mkdirSync(join(folder, 'teams/empty'));
  symlinkSync('..v1', join(folder, 'map/..data'));
  symlinkSync('..data/a.yaml', join(folder, 'map/a.yaml'));
  symlinkSync('nowhere', join(folder, 'map/broken.yaml'));
  symlinkSync('x', join(folder, 'teams/linked'));
  symlinkSync('.', join(folder, 'teams/circle'));
  symlinkSync('itself', join(folder, 'teams/itself'));
});

afterAll(() => rmSync(dirname(folder), { recursive: true }));

function match(pattern: string): readonly string[] | string {
  const found = findMatches(folder, pattern);
  return found.ok ? found.value.files.map(path => relative(folder, path)) : found.rejection.what;
}

const CASES: [pattern: string, files: readonly string[]][] = [
  ['routes.d/*.yaml', ['!a.yaml', '10.yaml', 'B.yaml', 'a.yaml', 'b.yaml', '{a}.yaml'].map(name => `routes.d/${name}`)],
  ['routes.d/?.yaml', ['routes.d/B.yaml', 'routes.d/a.yaml', 'routes.d/b.yaml']],
  ['routes.d/[ab].yaml', ['routes.d/a.yaml', 'routes.d/b.yaml']],
  ['routes.d/[0-9]*.yaml', ['routes.d/10.yaml']],
  ['*.yaml', ['audgate.yaml']],
  ['./*.yaml', ['audgate.yaml']],
  ['routes.d/../*.yaml', ['audgate.yaml']],
  ['teams/*/routes.yaml', ['teams/linked/routes.yaml', 'teams/x/routes.yaml', 'teams/y/routes.yaml']],
  ['*/y/*/routes.yaml', ['teams/y/more/routes.yaml']],
  ['map/*.yaml', ['map/a.yaml', 'map/broken.yaml']],
  ['absent/*.yaml', []],
  ['audgate.yaml/*.yaml', []],
  ['routes.d/{a,b}*', []],
  ['routes.d/!*', ['routes.d/!a.yaml']],
];

describe('a pattern', () => {
  test.each(CASES)('%s: %j', (pattern, files) => expect(match(pattern)).toEqual(files));

  test.each(CASES.map(([pattern]) => pattern))('%s: what bash matches', pattern => {
    // A brace is a letter here; bash would expand it before it matches.
    const script = `shopt -s nullglob; export LC_ALL=C; printf '%s\\n' ${pattern.replace(/[{}]/g, '\\$&')}`;
    const { stdout } = spawnSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' });
    const lines = stdout.split('\n').filter(Boolean);
    expect(match(pattern)).toEqual(lines.map(line => relative(folder, join(folder, line))).toSorted());
  });

  test('an absolute one: from the root', () => {
    expect(match(join(folder, 'routes.d').replace('[x]', '*').concat('/[ab].yaml'))).toEqual([
      'routes.d/a.yaml',
      'routes.d/b.yaml',
    ]);
  });
});

describe('**', () => {
  test.each([
    ['teams/**/routes.yaml', ['teams/x/routes.yaml', 'teams/y/more/routes.yaml', 'teams/y/routes.yaml']],
    ['teams/**/**/**/routes.yaml', ['teams/x/routes.yaml', 'teams/y/more/routes.yaml', 'teams/y/routes.yaml']],
    ['**/y/**/*.yaml', ['teams/y/more/routes.yaml', 'teams/y/routes.yaml']],
    ['map/**', ['map/a.yaml', 'map/broken.yaml']],
  ])('%s: also in no folder, never in a hidden or linked one, no folders: %j', (pattern, files) => {
    const found = match(pattern);
    expect([...found].toSorted()).toEqual(files);
  });

  test('a link in a circle: ends', () => {
    expect(match('teams/**/routes.yaml')).not.toContainEqual(expect.stringContaining('circle'));
    expect(match('teams/*/*/*/x/routes.yaml')).toEqual(['teams/circle/circle/circle/x/routes.yaml']);
  });

  test('more entries than the limit: rejected, in a second', () => {
    const large = join(folder, 'large');
    mkdirSync(large);
    for (let index = 0; index < LIMITS.scanned; index += 1) writeFileSync(join(large, `${index}`), '');
    const before = performance.now();
    expect(match('large/*.yaml')).toBe('leads through more than 10,000 files and folders');
    expect(match('**/*.yaml')).toBe('leads through more than 10,000 files and folders');
    expect(performance.now() - before).toBeLessThan(5_000);
    rmSync(large, { recursive: true });
  });
});

test.skipIf(process.getuid?.() === 0)('a folder that this user may not read: rejected', () => {
  chmodSync(join(folder, 'locked'), 0);
  expect(match('locked/*.yaml')).toBe('leads to a folder that cannot be read (EACCES)');
  chmodSync(join(folder, 'locked'), 0o755);
});

describe('what has to be watched for a pattern', () => {
  const foldersOf = (pattern: string) => {
    const found = findMatches(folder, pattern);
    return found.ok && found.value.folders.map(({ path, names }) => `${relative(folder, path)}: ${names}`);
  };

  test('the folder, and each on the way to it', () => {
    expect(foldersOf('routes.d/*.yaml')).toEqual([': routes.d', 'routes.d: *.yaml']);
    expect(foldersOf('absent/*.yaml')).toEqual([': absent', 'absent: *.yaml']);
    expect(foldersOf('teams/?/routes.yaml')).toEqual([
      ': teams',
      'teams: ?',
      'teams/x: routes.yaml',
      'teams/y: routes.yaml',
    ]);
  });

  test('**: each folder below', () => {
    expect(foldersOf('teams/y/**/*.yaml')).toEqual(
      expect.arrayContaining(['teams/y: **', 'teams/y: *.yaml', 'teams/y/more: **', 'teams/y/more: *.yaml']),
    );
  });

  test.each([
    ['*.yaml', 'a.yaml', true],
    ['*.yaml', '.a.yaml', false],
    ['*.yaml', '..data', false],
    ['*.yaml', 'a.yaml~', false],
    ['**', 'team', true],
    ['a.yaml', 'a.yaml', true],
    ['a.yaml', 'b.yaml', false],
    ['a{1}', 'a{1}', true],
  ])('%s: %s matters: %s', (names, name, matters) => {
    expect(createNameMatcher(names)(name)).toBe(matters);
  });
});

test.each([
  ['routes.d/*.yaml', true],
  ['a?', true],
  ['[a].yaml', true],
  ['routes.d/a.yaml', false],
  ['{a,b}.yaml', false],
])('%s: a pattern: %s', (name, is) => expect(isPattern(name)).toBe(is));
