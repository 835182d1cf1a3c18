/** Relative links and anchors of every Markdown page, and the paths that the documentation names, lead somewhere. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Page, ROOT, readPages } from './markdown.ts';

const pages = readPages();
const byPath = new Map(pages.map(page => [page.path, page]));
/** The changelog and the results of the benchmark tell of what was. */
const documentation = pages.filter(({ path }) => /^(README\.md|docs\/|\.github\/|config\/)/.test(path));

/** @returns why `target`, a link of `page`, leads nowhere; `undefined` where it does, or leaves the repository. */
function findBreak(page: Page, target: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/.test(target)) return undefined;
  if (target.startsWith('/')) return 'is absolute';
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(ROOT, page.path) : join(ROOT, dirname(page.path), path);
  if (!existsSync(file)) return 'there is no such file';
  if (anchor === undefined) return undefined;
  const linked = byPath.get(relative(ROOT, file));
  if (linked === undefined) return statSync(file).isFile() ? 'an anchor of a file that is no Markdown' : 'a folder';
  return linked.anchors.has(anchor) ? undefined : 'there is no such heading';
}

describe('relative links', () => {
  test.each(pages.map(page => [page.path, page] as const))('%s: each leads to a file and a heading', (_path, page) => {
    const broken = page.links.flatMap(({ line, target }) => {
      const why = findBreak(page, target);
      return why === undefined ? [] : [`${page.path}:${line}: ${target}: ${why}`];
    });
    expect(broken).toEqual([]);
  });

  test('a missing file, a missing heading and an absolute path: reported', () => {
    const page = byPath.get('README.md');
    if (page === undefined) throw new Error('there is no README.md');
    const targets = ['docs/absent.md', '#absent', 'docs/README.md#absent', '/docs/README.md', 'LICENSE#a', 'docs#a'];
    expect(targets.map(target => findBreak(page, target))).toEqual([
      'there is no such file',
      'there is no such heading',
      'there is no such heading',
      'is absolute',
      'an anchor of a file that is no Markdown',
      'a folder',
    ]);
    expect(findBreak(page, 'docs/README.md')).toBeUndefined();
    expect(page.links.length).toBeGreaterThan(10);
  });
});

describe('paths in code spans', () => {
  const isPath = (span: string) => /^(src|test|config|docs|\.github|\.ci)\/[\w./-]*$/.test(span);

  test.each(documentation.map(page => [page.path, page] as const))('%s: each is in the repository', (_path, page) => {
    expect(page.codeSpans.filter(span => isPath(span) && !existsSync(join(ROOT, span)))).toEqual([]);
  });

  test('CONTRIBUTING.md: it names files', () => {
    const spans = byPath.get('.github/CONTRIBUTING.md')?.codeSpans ?? [];
    expect(spans.filter(isPath).length).toBeGreaterThan(20);
  });
});

test('npm scripts that the pages name: in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  const texts = documentation.flatMap(({ codeSpans, blocks }) => [...codeSpans, ...blocks.map(({ text }) => text)]);
  const named = texts.flatMap(text => [...text.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(name => !(name in scripts))).toEqual([]);
});

test('docs/README.md: links to every page of docs', () => {
  const linked = byPath.get('docs/README.md')?.links.map(({ target }) => `docs/${target.split('#')[0]}`);
  const missing = pages.map(({ path }) => path).filter(path => path.startsWith('docs/') && path !== 'docs/README.md');
  expect(missing.filter(path => !linked?.includes(path))).toEqual([]);
});

test('docs/explanation/architecture.md: each function on the way of a request is in its file', () => {
  const text = readFileSync(join(ROOT, 'docs/explanation/architecture.md'), 'utf8');
  const rows = [...text.matchAll(/^\| \d+ \| \[([\w./-]+)\]\([^)]+\) \| `(\w+)` \|/gm)];
  expect(rows.length).toBeGreaterThan(10);
  const isThere = (file: string, name: string) =>
    new RegExp(`\\b(?:class|function) ${name}\\b|^ {2}(?:async )?${name}\\(`, 'm').test(
      readFileSync(join(ROOT, 'src', file), 'utf8'),
    );
  expect(rows.filter(([, file = '', name = '']) => !isThere(file, name)).map(([row]) => row)).toEqual([]);
  expect(isThere('gateway.ts', 'handles')).toBe(false);
});
