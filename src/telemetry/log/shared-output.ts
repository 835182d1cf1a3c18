/** Standard output that several processes write to: whatever reads it gets whole lines. */

import { fstatSync } from 'node:fs';
import { escapeJson } from '../../config/values/visible-text.ts';
import { type LogDestination, openStandardOutput } from './log.ts';

/** PIPE_BUF of Linux: writes of several processes to one pipe mix within what is longer (POSIX write). */
const ATOMIC_BYTES = 4_096;
/** Characters that are left of each text in a line which is too long, at the first try and at the next ones; and entries of a list. */
export const CUT_TEXTS: readonly number[] = [512, 128, 32, 8];
export const MOST_ENTRIES = 8;
/** Words of ours, never a caller's: a line is of no use without them. */
const KEPT: ReadonlySet<string> = new Set([
  ...['time', 'level', 'msg', 'request_id', 'outcome', 'reason', 'cause', 'enforcement'],
]);

/**
 * As `openStandardOutput`. Into a file the processes write one after the other; into anything else what is written at
 * once is bounded, and a line that is longer is cut and marked `truncated`.
 */
export function openSharedOutput(onDrop: () => void): LogDestination {
  if (fstatSync(1).isFile()) return openStandardOutput(onDrop);
  const output = openStandardOutput(onDrop, ATOMIC_BYTES);
  return { ...output, write: line => output.write(fitLine(line)) };
}

/** @returns `line`, a JSON object with its line feed, in at most 4096 bytes. */
export function fitLine(line: string): string {
  if (fits(line)) return line;
  const fields: Readonly<Record<string, unknown>> = JSON.parse(line);
  const format = (left: object) => `${escapeJson(JSON.stringify({ ...left, truncated: true }))}\n`;
  const tries = CUT_TEXTS.map(most => format(cutTexts(fields, most)));
  // What is left then tells of a request that nobody can judge, and not of none.
  return tries.find(fits) ?? format(Object.fromEntries(Object.entries(fields).filter(([name]) => KEPT.has(name))));
}

function fits(line: string): boolean {
  return line.length <= ATOMIC_BYTES && Buffer.byteLength(line) <= ATOMIC_BYTES;
}

function cutTexts(fields: Readonly<Record<string, unknown>>, most: number): Readonly<Record<string, unknown>> {
  const cut = (value: unknown) => (typeof value === 'string' ? value.slice(0, most) : value);
  const cutAll = (value: unknown) => (Array.isArray(value) ? value.slice(0, MOST_ENTRIES).map(cut) : cut(value));
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, KEPT.has(name) ? value : cutAll(value)]),
  );
}
