/** Standard output that several processes write to: whatever reads it gets whole lines. */

import { fstatSync } from 'node:fs';
import { escapeJson } from '../config/visible-text.ts';
import { type LogDestination, openStandardOutput } from './log.ts';

/** PIPE_BUF of Linux: writes of several processes to one pipe mix within what is longer (POSIX write). */
const ATOMIC_BYTES = 4_096;
/** Characters that are left of each text in a line which is too long, at the first try and at the next ones. */
const CUTS = [512, 128, 32, 8];
const MOST_ENTRIES = 8;

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
  const tries = CUTS.map(most => `${escapeJson(JSON.stringify({ ...cutTexts(fields, most), truncated: true }))}\n`);
  return tries.find(fits) ?? '{"level":"warn","msg":"a line was too long"}\n';
}

function fits(line: string): boolean {
  return line.length <= ATOMIC_BYTES && Buffer.byteLength(line) <= ATOMIC_BYTES;
}

function cutTexts(fields: Readonly<Record<string, unknown>>, most: number): Readonly<Record<string, unknown>> {
  const cut = (value: unknown) => (typeof value === 'string' ? value.slice(0, most) : value);
  const cutAll = (value: unknown) => (Array.isArray(value) ? value.slice(0, MOST_ENTRIES).map(cut) : cut(value));
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cutAll(value)]));
}
