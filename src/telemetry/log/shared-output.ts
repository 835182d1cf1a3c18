/** Standard output that several processes write to: its reader gets whole lines. */

import { fstatSync } from 'node:fs';
import { escapeJson } from '../../config/diagnostics/visible-text.ts';
import { ACCESS_LOG_FIELDS } from './access-log-fields.ts';
import { type LogDestination, openStandardOutput } from './standard-output.ts';

/** PIPE_BUF of Linux: longer writes of several processes to one pipe can be interleaved (POSIX, write). */
const ATOMIC_BYTES = 4_096;
/** Characters that are kept of each text in a line that is too long: at the first try, and at each further one. */
export const CUT_TEXTS: readonly number[] = [512, 128, 32, 8];
/** Entries that are kept of each list. */
export const MOST_ENTRIES = 8;
const NEVER_CUT: ReadonlySet<string> = new Set(
  ACCESS_LOG_FIELDS.flatMap(({ name, isNeverCut }) => (isNeverCut ? [name] : [])),
);

/**
 * As `openStandardOutput`. Where standard output is a file, whole writes are appended one after the other. Elsewhere writes
 * are kept below the size up to which they are atomic: a line that is longer is cut and marked `truncated`.
 */
export function openSharedOutput(onDrop: () => void): LogDestination {
  if (fstatSync(1).isFile()) return openStandardOutput(onDrop);
  const output = openStandardOutput(onDrop, ATOMIC_BYTES);
  return {
    write: line => output.write(fitLine(line)),
    flush: () => output.flush(),
    close: () => output.close(),
  };
}

/** @returns `line`, a JSON object with its line feed, in at most 4096 bytes. */
export function fitLine(line: string): string {
  if (fits(line)) return line;
  const fields: Readonly<Record<string, unknown>> = JSON.parse(line);
  const format = (left: object) => `${escapeJson(JSON.stringify({ ...left, truncated: true }))}\n`;
  const tries = CUT_TEXTS.map(most => format(cutTexts(fields, most)));
  // The last resort: the request is still in the log, but `simulate` cannot evaluate it.
  return tries.find(fits) ?? format(Object.fromEntries(Object.entries(fields).filter(([name]) => NEVER_CUT.has(name))));
}

function fits(line: string): boolean {
  return line.length <= ATOMIC_BYTES && Buffer.byteLength(line) <= ATOMIC_BYTES;
}

function cutTexts(fields: Readonly<Record<string, unknown>>, most: number): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    NEVER_CUT.has(name) ? value : cutValue(value, most),
  ]);
  return Object.fromEntries(entries);
}

/** A list keeps its first entries, an object all of its members. */
function cutValue(value: unknown, most: number): unknown {
  if (typeof value === 'string') return value.slice(0, most);
  if (Array.isArray(value)) return value.slice(0, MOST_ENTRIES).map(entry => cutValue(entry, most));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cutValue(member, most)]));
}
