/** The Markdown pages of the repository: their fenced blocks, headings and links. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** A fenced block (CommonMark section 4.5). */
export interface Block {
  /** Of the page, from the root of the repository. */
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** Without the fences, and without the indentation of the opening one. */
  readonly text: string;
  /** What the HTML comment on the line above the fence tells the tests: `<!-- NAME: VALUE; NAME -->`. */
  readonly notes: Notes;
}

/**
 * - `file: NAME`: the commands of the page find the block under this name
 * - `in: KEY KEY …`: a part of a configuration, which belongs under these keys; at the top where there are none
 * - `of: PROGRAM`: YAML of another program
 * - `warns: CODE …`, `errors: CODE …`: what `audgate check` says of it
 * - `serves`: a command that goes on until it is stopped
 * - `step: NAME`, `demo`: for one test
 */
export type Notes = Partial<Record<(typeof NOTES)[number], string>>;

const NOTES = ['file', 'in', 'of', 'warns', 'errors', 'serves', 'step', 'demo'] as const;

export interface Link {
  readonly line: number;
  readonly target: string;
}

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** The fragments that its headings answer to, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
  /** What stands between backquotes in running text. */
  readonly codeSpans: readonly string[];
}

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.build']);

/** @returns every Markdown page of the repository. */
export function readPages(): readonly Page[] {
  return listPages(ROOT).map(readPage);
}

function listPages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listPages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

function readPage(file: string): Page {
  const path = relative(ROOT, file);
  const { blocks, prose } = splitPage(path, readFileSync(file, 'utf8').split('\n'));
  const withoutCode = prose.map(line => line.replace(/`[^`]*`/g, ''));
  return {
    path,
    blocks,
    anchors: new Set(nameHeadings(prose)),
    links: withoutCode.flatMap((text, index) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ line: index + 1, target })),
    ),
    codeSpans: prose.flatMap(line => [...line.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)),
  };
}

/** @returns the blocks, and the lines with those of the blocks empty, so that the numbers of the others stay. */
function splitPage(page: string, lines: readonly string[]): { blocks: Block[]; prose: string[] } {
  const blocks: Block[] = [];
  const prose: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const [, indent = '', fence, language = ''] = /^( *)(`{3,}|~{3,})(\S*)/.exec(lines[index] ?? '') ?? [];
    if (fence === undefined) {
      prose.push(lines[index] ?? '');
      continue;
    }
    const end = lines.findIndex((line, at) => at > index && line.trim() === fence);
    if (end === -1) throw new Error(`${page}:${index + 1}: the block is not closed`);
    const inside = lines.slice(index + 1, end).map(line => line.slice(line.startsWith(indent) ? indent.length : 0));
    blocks.push({
      page,
      line: index + 1,
      language,
      text: `${inside.join('\n')}\n`,
      notes: readNotes(lines[index - 1] ?? ''),
    });
    prose.push(...lines.slice(index, end + 1).map(() => ''));
    index = end;
  }
  return { blocks, prose };
}

function readNotes(line: string): Notes {
  const [, comment] = /^ *<!-- (.+) -->$/.exec(line) ?? [];
  if (comment === undefined) return {};
  return Object.fromEntries(
    comment.split('; ').map(note => {
      const [, name = '', value = ''] = /^(\w+)(?:: *(.*))?$/.exec(note) ?? [];
      if (!NOTES.some(known => known === name)) throw new Error(`not understood: ${line}`);
      return [name, value];
    }),
  );
}

/** The rule of GitHub: lower case, without punctuation, blanks as hyphens; the second of a name gets `-1`. */
function nameHeadings(prose: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return prose.flatMap(line => {
    const [, title] = /^#{1,6} +(.+?) *$/.exec(line) ?? [];
    if (title === undefined) return [];
    const text = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const name = text.replace(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ', '-');
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return [count === 0 ? name : `${name}-${count}`];
  });
}
