/**
 * A YAML list as programs write it, one or two short lines an entry: `- jti: …`, `- { sub: …, iss: … }`. Read by line, since the YAML
 * parser takes a second for 40,000 entries. Whatever has another form is left to that parser.
 */

import type { FoundEntries } from './entry-places.ts';

const BLANK = /^ *(?:#.*)?$/;
const ENTRY = /^- (?=\S)/;
const FLOW = /^\{ ?(.*?) ?\}$/;
/** No plain scalar of these characters has another meaning in a list or a map than its own text, but for `OTHER_TYPE`. */
const PLAIN = '[A-Za-z0-9_/][A-Za-z0-9_./@+=~-]*(?::[A-Za-z0-9_./@+=~-]+)*';
const PAIR = new RegExp(`^([a-z_]+): +(?:(${PLAIN})|"([^"\\\\\\p{C}]*)"|'([^'\\p{C}]*)')$`, 'u');
/** What YAML 1.2.2 section 10.3.2 does not read as text. */
const OTHER_TYPE =
  /^(?:true|True|TRUE|false|False|FALSE|null|Null|NULL|\d+|0o[0-7]+|0x[\dA-Fa-f]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)$/;

type Entry = Record<string, unknown>;

/** @returns the entries of `text`; `undefined` where a line has another form. */
export function readLineEntries(text: string): FoundEntries | undefined {
  const reader = new LineReader();
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const next = end === -1 ? text.length : end + 1;
    if (!reader.add(text.slice(start, end === -1 ? next : end).replace(/\r$/, ''), start)) return undefined;
    start = next;
  }
  const { entries, starts, lines, unclear } = reader;
  if (entries.length === 0) return undefined;
  return {
    entries,
    isUnclear: index => unclear.has(index),
    textOf: index => ({
      text: text.slice(starts[index], starts[index + 1]),
      path: [0],
      line: lines[index] ?? 1,
      column: 1,
    }),
  };
}

class LineReader {
  readonly entries: Entry[] = [];
  /** Offsets. */
  readonly starts: number[] = [];
  readonly lines: number[] = [];
  /** What is no text, or stands twice: for the YAML parser to describe. */
  readonly unclear = new Set<number>();
  #line = 0;

  /** @param start its offset. @returns whether the line has one of the forms. */
  add(line: string, start: number): boolean {
    this.#line += 1;
    if (BLANK.test(line) || (line === '---' && this.entries.length === 0)) return true;
    const isEntry = ENTRY.test(line);
    if (isEntry) this.#begin(start);
    else if (!line.startsWith('  ')) return false;
    const entry = this.entries.at(-1);
    return entry !== undefined && listPairs(line.slice(2), isEntry).every(pair => this.#addPair(pair, entry));
  }

  #begin(start: number): void {
    this.entries.push({});
    this.starts.push(start);
    this.lines.push(this.#line);
  }

  #addPair(pair: string, entry: Entry): boolean {
    const [, name, plain, double, single] = PAIR.exec(pair) ?? [];
    if (name === undefined || name === '__proto__') return false;
    const isOther = plain !== undefined && OTHER_TYPE.test(plain);
    if (isOther || Object.hasOwn(entry, name)) this.unclear.add(this.entries.length - 1);
    entry[name] = plain ?? double ?? single;
    return true;
  }
}

function listPairs(written: string, isEntry: boolean): readonly string[] {
  const flow = isEntry ? FLOW.exec(written)?.[1] : undefined;
  return flow === undefined ? [written] : flow.split(/, ?/);
}
