/** The JavaScript of docs/reference/library.md, run against the built package. Needs `npm run build` before. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { ROOT, readPages } from './markdown.ts';
import { isShown } from './shown-output.ts';

const blocks = readPages().find(({ path }) => path === 'docs/reference/library.md')?.blocks ?? [];
const textOf = (language: string) => blocks.find(block => block.language === language)?.text ?? '';

/** The entry point is named by its path here; test/package installs the package. */
function run(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-library-'));
  const entry = pathToFileURL(join(ROOT, 'dist/library.js')).href;
  writeFileSync(join(folder, 'script.mjs'), script.replace("'audgate'", JSON.stringify(entry)));
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'script.mjs')], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return stdout + stderr;
}

test('docs/reference/library.md: prints what it shows', () => {
  const printed = run(textOf('js'));
  if (!isShown(textOf('text'), printed)) expect(printed).toBe(textOf('text'));
});

test('another configuration: does not print it', () => {
  const printed = run(textOf('js').replace('upstream: http', 'public: true, upstream: http'));
  expect(isShown(textOf('text'), printed)).toBe(false);
});
