/** Tables in Markdown pages that are generated from the code, between two marker comments. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** @returns a Markdown table. A `|` in a cell is escaped. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** @returns `texts`, each as code. */
export function formatCodes(texts: readonly string[]): string {
  return texts.map(text => `\`${text}\``).join(', ');
}

/** @returns `page` with each table of `tables` between its markers. Fails where the page does not have them exactly once. */
export function replaceTables(page: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [before, rest, ...others] = text.split(`<!-- table ${name}: written by npm run docs -->\n`);
    const end = rest?.indexOf('<!-- end of table -->') ?? -1;
    if (rest === undefined || others.length > 0 || end === -1) throw new Error(`no markers of one table ${name}`);
    return `${before}<!-- table ${name}: written by npm run docs -->\n\n${table}\n\n${rest.slice(end)}`;
  }, page);
}

/** Expects `file` to hold `tables` between their markers. With `--update`, writes them there. */
export async function expectTables(file: string, tables: Readonly<Record<string, string>>): Promise<void> {
  const path = join(ROOT, file);
  await expect(replaceTables(readFileSync(path, 'utf8'), tables)).toMatchFileSnapshot(path);
}
