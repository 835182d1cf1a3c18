/** A JSON list of flat objects: JSON.parse reads a million of them in a second, where the YAML parser would take a minute. */

import type { Place } from '../source/document.ts';
import { isRawMap } from '../source/raw-map.ts';
import type { FoundEntries } from './entry-places.ts';

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];
const LAST_BLANK = 0x20;

/** @returns the entries of `text`; `undefined` where it is no JSON, or no list. */
export function readJsonEntries(text: string): FoundEntries | undefined {
  const entries = parse(text);
  if (!Array.isArray(entries)) return undefined;
  const { starts, members } = scan(text);
  const lines = new Lines(text);
  return {
    entries,
    // JSON.parse keeps the last of two members of one name.
    isUnclear: index => isRawMap(entries[index]) && Object.keys(entries[index]).length !== members[index],
    textOf: index => {
      const start = starts[index];
      if (start === undefined) return undefined;
      // Tabs are blanks in JSON, and an error in YAML.
      const entry = text
        .slice(start, starts[index + 1])
        .replaceAll('\t', ' ')
        .replace(/[\s,\]]+$/, '');
      return { text: entry, path: [], ...lines.placeOf(start) };
    },
  };
}

/** Places by offset: entries are asked for in their order, so each search goes on from the last. */
class Lines {
  readonly #text: string;
  #start = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  placeOf(offset: number): Place {
    if (offset < this.#start) [this.#start, this.#line] = [0, 1];
    for (;;) {
      const end = this.#text.indexOf('\n', this.#start);
      if (end === -1 || end >= offset) return { line: this.#line, column: offset - this.#start + 1 };
      this.#start = end + 1;
      this.#line += 1;
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The message would quote the text.
    return undefined;
  }
}

/** @param text a valid JSON list. @returns where each entry begins, and how many members it has, those below counted in. */
function scan(text: string): { readonly starts: readonly number[]; readonly members: readonly number[] } {
  const starts: number[] = [];
  const members: number[] = [];
  let depth = 0;
  let isBetween = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isBetween && code > LAST_BLANK && code !== CLOSE_LIST) {
      starts.push(at);
      members.push(0);
      isBetween = false;
    }
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COLON) members[members.length - 1] = (members.at(-1) ?? 0) + 1;
    else depth += changeOfDepth(code);
    // Behind the bracket that opens the list, and behind a comma in it.
    if (depth === 1 && (code === OPEN_LIST || code === COMMA)) isBetween = true;
  }
  return { starts, members };
}

function changeOfDepth(code: number): number {
  if (code === OPEN_LIST || code === OPEN_MAP) return 1;
  return code === CLOSE_LIST || code === CLOSE_MAP ? -1 : 0;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}
