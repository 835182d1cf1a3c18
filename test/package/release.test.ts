/** .github/workflows: what may run with which rights, and the steps of a release that can be run here. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.github/workflows');
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');
const files = readdirSync(FOLDER);
const release = parse(read('release.yml')) as Workflow;
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };

test.each(files)('%s: every action is pinned by commit, with its version beside it', file => {
  const uses = read(file).matchAll(/^\s*(?:- )?uses: (.+)$/gm);
  const pinned = /^(?:[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/workflows\/ci\.yml)$/;
  expect([...uses].map(([, action = '']) => action).filter(action => !pinned.test(action))).toEqual([]);
});

test.each(files)('%s: no name of a person or repository, and no expression within a script', file => {
  expect(read(file)).not.toMatch(/github\.com\/|ghcr\.io\/(?!\$\{)/);
  const scripts = Object.values((parse(read(file)) as Workflow).jobs).flatMap(({ steps = [] }) =>
    steps.flatMap(({ run }) => run ?? []),
  );
  expect(scripts.filter(script => script.includes('${{'))).toEqual([]);
});

describe('release.yml', () => {
  const job = (name: string) => release.jobs[name] ?? {};

  test('order: version, tests, then what is published', () => {
    const needs = Object.entries(release.jobs).map(([name, each]) => [name, [each.needs ?? []].flat()]);
    expect(Object.fromEntries(needs)).toEqual({
      version: [],
      tests: ['version'],
      npm: ['version', 'tests'],
      image: ['version', 'tests'],
      release: ['version', 'npm', 'image'],
    });
  });

  test('permissions: none by default, and to each job what it needs', () => {
    expect(release.permissions).toEqual({});
    const writes = Object.entries(release.jobs).map(([name, { permissions = {} }]) => [
      name,
      Object.keys(permissions).filter(key => permissions[key] === 'write'),
    ]);
    expect(Object.fromEntries(writes)).toEqual({
      version: [],
      tests: [],
      npm: ['id-token'],
      image: ['packages', 'id-token'],
      release: ['contents'],
    });
  });

  test('tests: those of ci.yml', () => {
    expect(job('tests').uses).toBe('./.github/workflows/ci.yml');
  });

  describe('scripts', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'audgate-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const scriptOf = (name: string, id: string) => job(name).steps?.find(step => step.id === id)?.run ?? '';
    const run = (script: string, env: Readonly<Record<string, string>>, cwd = ROOT) => {
      const output = join(folder, 'output');
      const environment = { PATH: process.env['PATH'], GITHUB_OUTPUT: output, ...env };
      const { status, stderr } = spawnSync('bash', ['-e', '-c', script], { cwd, env: environment, encoding: 'utf8' });
      const written = status === 0 ? execFileSync('cat', [output], { encoding: 'utf8' }) : '';
      rmSync(output, { force: true });
      return { status, stderr, written };
    };

    test('version: the tag of package.json is accepted, any other refused', () => {
      const script = scriptOf('version', 'version');
      expect(run(script, { TAG: `v${version}` })).toMatchObject({ status: 0, written: `version=${version}\n` });
      expect(run(script, { TAG: 'v99.0.0' })).toMatchObject({ status: 1, stderr: expect.stringContaining('v99.0.0') });
    });

    test.each([
      ['1.2.3', ['ghcr.io/some/place:1.2.3', 'ghcr.io/some/place:1.2', 'ghcr.io/some/place:latest']],
      ['1.2.3-rc.1', ['ghcr.io/some/place:1.2.3-rc.1']],
    ])('image names: %s', (number, tags) => {
      const { written } = run(scriptOf('image', 'names'), { GITHUB_REPOSITORY: 'Some/Place', VERSION: number });
      expect(written).toBe(`image=ghcr.io/some/place\ntags<<END\n${tags.join('\n')}\nEND\n`);
    });

    test('notes: the section of the version, and the image', () => {
      const script = scriptOf('release', 'notes').replaceAll('notes.md', join(folder, 'notes.md'));
      run(`${script}\ntouch "$GITHUB_OUTPUT"`, { VERSION: version, REFERENCE: 'ghcr.io/some/place@sha256:abc' });
      const notes = readFileSync(join(folder, 'notes.md'), 'utf8');
      expect(notes).toContain('### Upgrading from');
      expect(notes).toContain('\n    ghcr.io/some/place@sha256:abc\n');
      expect(notes).not.toMatch(/^## /m);
    });
  });
});
