/**
 * Adds entries to lists of a YAML text, and changes nothing else: comments, anchors, formatting, line ends and a byte order
 * mark stay. The tree of the document says where; the text itself is spliced, not written anew.
 */

import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import { nameKey, YamlDocument } from '../source/document.ts';
import type { FlowValue } from './flow-text.ts';
import { type Edit, findEdits, type ListInsertion } from './insertion-edits.ts';

export interface InsertionResult {
  readonly text: string;
  /** Those that cannot be made without a change elsewhere, such as in a list that an alias repeats. */
  readonly failed: readonly ListInsertion[];
}

const MARK = '\uFEFF';

/**
 * @param text of a file that loads, with its byte order mark where it has one.
 * @returns the text with the entries. Each result was read again: it holds what it held, the new entries, and nothing else.
 */
export function insertIntoLists(text: string, insertions: readonly ListInsertion[]): InsertionResult {
  const mark = text.startsWith(MARK) ? MARK : '';
  const bare = text.slice(mark.length);
  const { document } = YamlDocument.parse(bare);
  // Those without a place are set aside first: each time the others are tried, the whole text is read.
  const without = new Set(insertions.filter(insertion => findEdits(document, bare, insertion) === undefined));
  const result = insertVerified(
    bare,
    insertions.filter(insertion => !without.has(insertion)),
  );
  return { failed: [...without, ...result.failed], text: mark + result.text };
}

/** Where all of them together fail, each half by itself. */
function insertVerified(text: string, insertions: readonly ListInsertion[]): InsertionResult {
  if (insertions.length === 0) return { text, failed: [] };
  const changed = tryInsert(text, insertions);
  if (changed !== undefined) return { text: changed, failed: [] };
  if (insertions.length === 1) return { text, failed: insertions };
  const middle = Math.ceil(insertions.length / 2);
  const first = insertVerified(text, insertions.slice(0, middle));
  const second = insertVerified(first.text, insertions.slice(middle));
  return { text: second.text, failed: [...first.failed, ...second.failed] };
}

function tryInsert(text: string, insertions: readonly ListInsertion[]): string | undefined {
  const { document } = YamlDocument.parse(text);
  const edits = insertions.map(insertion => findEdits(document, text, insertion));
  if (edits.some(found => found === undefined)) return undefined;
  const changed = applyEdits(
    text,
    edits.flatMap(found => found ?? []),
  );
  const read = YamlDocument.parse(changed);
  if (read.syntaxErrors.length > 0) return undefined;
  const wanted = readPlain(document);
  for (const insertion of insertions) addTo(wanted, insertion);
  return JSON.stringify(wanted) === JSON.stringify(readPlain(read.document)) ? changed : undefined;
}

/** Edits of one place keep their order. */
function applyEdits(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let end = 0;
  for (const { offset, removed, inserted } of [...edits].sort((a, b) => a.offset - b.offset)) {
    pieces.push(text.slice(end, offset), inserted);
    end = offset + removed;
  }
  return pieces.join('') + text.slice(end);
}

/** A map is a list of its entries, so that their order counts. */
type Plain = string | number | boolean | null | Plain[] | Map<string, Plain>;

function readPlain(document: YamlDocument): Plain {
  return document.root === null ? null : toPlain(document.root, document);
}

function toPlain(written: Node | null, document: YamlDocument): Plain {
  const node = written && isAlias(written) ? document.resolve(written) : written;
  if (isMap(node)) {
    const entries = node.items.map(
      pair => [nameKey(pair) ?? '', toPlain(pair.value as Node | null, document)] as const,
    );
    return new PlainMap(entries);
  }
  if (isSeq(node)) return node.items.map(item => toPlain(item as Node, document));
  return isScalar(node) ? (node.value as Plain) : null;
}

class PlainMap extends Map<string, Plain> {
  toJSON(): readonly unknown[] {
    return [...this];
  }
}

function addTo(root: Plain, { path, entries, initial = [] }: ListInsertion): void {
  let parent: Plain | undefined = root;
  let holder: Map<string, Plain> | undefined;
  for (const key of path.slice(0, -1)) {
    const found: Plain | undefined = parent instanceof Map ? parent.get(String(key)) : undefined;
    holder = parent instanceof Map ? parent : undefined;
    parent = found;
    // An entry without a value, as an issuer with every default.
    if (found === null && holder) parent = putMap(holder, String(key));
  }
  if (!(parent instanceof Map)) return;
  const name = String(path.at(-1));
  const list = parent.get(name);
  const added = entries.map(({ value }) => fromFlow(value));
  if (Array.isArray(list)) list.push(...added);
  else parent.set(name, [...initial.map(fromFlow), ...added]);
}

function putMap(holder: Map<string, Plain>, key: string): Map<string, Plain> {
  const map = new PlainMap();
  holder.set(key, map);
  return map;
}

function fromFlow(value: FlowValue): Plain {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(fromFlow);
  return new PlainMap(Object.entries(value).map(([name, member]) => [name, fromFlow(member)]));
}
