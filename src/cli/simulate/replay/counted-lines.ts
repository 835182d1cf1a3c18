/** Reads the lines of an access log, and counts those that say nothing of a request, or not enough. */

import { readLines } from '../log/line-splitter.ts';
import type { LogEntry } from '../log/log-entry.ts';
import { StoredLines } from '../log/stored-lines.ts';
import type { UnknownCause } from './unknown.ts';

/** Of the lines that audgate wrote, however they are stored: `lines` = `decided` + all of `unknown` + `skipped` + `broken`. */
export interface LineCounts {
  readonly lines: number;
  /** Entries of which everything needed is known. */
  readonly decided: number;
  /** Lines that are not entries of requests, such as `listening`. */
  readonly skipped: number;
  /** Lines that are not a JSON object, lack the fields of a request's entry, or are longer than 1 Mi characters. */
  readonly broken: number;
  readonly unknown: ReadonlyMap<UnknownCause, number>;
}

/** @returns what is wrong with a log of which nothing could be decided, for whoever chose the file. */
export function explainUndecided({ lines, skipped, broken }: LineCounts): string {
  const found = 'no line of this log could be judged';
  if (lines === 0) return `${found}: it is empty`;
  if (broken === lines) {
    return `${found}: none is as audgate writes it, or as Docker (json-file), Kubernetes or journalctl -o json store it`;
  }
  return skipped + broken === lines ? `${found}: none is of a request` : found;
}

/**
 * @param add takes each entry of a request. @returns why the log does not hold enough to decide on it; `undefined`: it does.
 * @returns the counts, at the end of the log. Rejects where it cannot be read.
 */
export async function countLines(
  pieces: AsyncIterable<Uint8Array>,
  add: (entry: LogEntry) => UnknownCause | undefined,
): Promise<LineCounts> {
  const stored = new StoredLines();
  const counts = { lines: 0, decided: 0, skipped: 0, broken: 0 };
  const unknown = new Map<UnknownCause, number>();
  const count = (kind: 'skipped' | 'broken') => {
    counts.lines += 1;
    counts[kind] += 1;
  };
  const decide = (entry: LogEntry | 'incomplete') => {
    counts.lines += 1;
    const cause = entry === 'incomplete' ? 'field_omitted' : add(entry);
    if (cause === undefined) counts.decided += 1;
    else unknown.set(cause, (unknown.get(cause) ?? 0) + 1);
  };
  const line = (text: string) => {
    const entry = stored.read(text);
    if (entry === undefined) return;
    if (entry === 'broken' || entry === 'skipped') count(entry);
    else decide(entry);
  };
  await readLines(pieces, { line, tooLong: () => count('broken') });
  for (let left = stored.unfinished; left > 0; left -= 1) count('broken');
  return { ...counts, unknown };
}
