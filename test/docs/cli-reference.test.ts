/** docs/reference/cli.md has each command, option and exit status of `--help`. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeCommand } from '../../src/cli/help.ts';
import { ROOT } from './markdown.ts';

const PAGE = readFileSync(join(ROOT, 'docs/reference/cli.md'), 'utf8');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const COMMANDS = [...describeCommand(undefined).matchAll(/^ {2}([a-z]+) {3,}/gm)].map(([, name = '']) => name);

/** @returns the section of a command, up to the next one. */
function sectionOf(command: string): string {
  const [, section = ''] = PAGE.split(`\n## \`audgate ${command}\`\n`);
  return section.split('\n## ')[0] ?? '';
}

const unique = (matches: Iterable<RegExpMatchArray>) =>
  [...new Set([...matches].map(([, found = '']) => found))].toSorted();

test('commands: those of the help, here and in README', () => {
  expect(COMMANDS.length).toBeGreaterThan(3);
  expect(unique(PAGE.matchAll(/^## `audgate (\w+)`$/gm))).toEqual(COMMANDS.toSorted());
  for (const command of COMMANDS) expect(README).toMatch(new RegExp(`^\\| \`audgate \\[?${command}\\b`, 'm'));
});

test.each(COMMANDS)('%s: the options of its help', command => {
  const inHelp = unique(describeCommand(command).matchAll(/^ {2}--([a-z-]+)/gm));
  expect(unique(sectionOf(command).matchAll(/^\| `--([a-z-]+)/gm))).toEqual(inHelp);
});

test.each(COMMANDS)('%s: the exit statuses of its help, and 2 for wrong arguments', command => {
  const [, exit = ''] = describeCommand(command).split('Exit status: ');
  const inHelp = unique(exit.matchAll(/(?:^|; )(\d) /g));
  expect(inHelp.length).toBeGreaterThan(1);
  const onPage = unique(sectionOf(command).matchAll(/^\| (\d) \|/gm));
  expect(onPage.filter(status => status !== '2')).toEqual(inHelp.filter(status => status !== '2'));
});
