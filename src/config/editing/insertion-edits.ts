/** Where in a YAML text the entries of a `ListInsertion` go, in the style that stands there: block, flow, or none yet. */

import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { nameKey, type Path, type YamlDocument } from '../source/document.ts';
import { type FlowValue, writeFlow } from './flow-text.ts';

/** One entry for the end of a list. */
export interface NewEntry {
  readonly value: FlowValue;
  /** One line each, without `#`. They have no line ends. */
  readonly comments: readonly string[];
}

export interface ListInsertion {
  /** The keys from the root to the list. The map that has the list exists; the list may be absent. */
  readonly path: Path;
  readonly entries: readonly NewEntry[];
  /** What an absent list stands for: it is written, too. */
  readonly initial?: readonly FlowValue[];
}

/** `removed` characters from `offset` on make way for `inserted`. */
export interface Edit {
  readonly offset: number;
  readonly removed: number;
  readonly inserted: string;
}

/** The pairs from the root to the list; `list` is absent where the map has no such key. */
interface Place {
  readonly text: string;
  readonly document: YamlDocument;
  /** Of the map that has, or will have, the list. */
  readonly parents: readonly Pair[];
  readonly list: Pair | undefined;
}

/** @returns the edits; `undefined` where an alias, or a form of YAML that is not foreseen here, stands in the way. */
export function findEdits(document: YamlDocument, text: string, insertion: ListInsertion): readonly Edit[] | undefined {
  const place = findPlace(document, text, insertion.path);
  if (place === undefined) return undefined;
  if (place.list === undefined) return addList(place, insertion);
  const node = place.list.value as Node | null;
  if (isAlias(node)) return replaceAlias(place, node, insertion);
  if (!isSeq(node) || node.range == null) return undefined;
  if (node.flow)
    return [...commentEdits(place, insertion.entries), appendToFlow(text, node, listFlow(insertion.entries))];
  const last = node.items.at(-1) as Node | undefined;
  const indent = indentAt(text, node.range[0]);
  if (last === undefined || indent === undefined || text[node.range[0]] !== '-') return undefined;
  return [insertLines(text, endOf(last), describeEntries(insertion.entries, indent))];
}

function findPlace(document: YamlDocument, text: string, path: Path): Place | undefined {
  const parents: Pair[] = [];
  let node: Node | null = document.root;
  for (const key of path.slice(0, -1)) {
    const pair: Pair | undefined = findPair(node, key);
    if (pair === undefined) return undefined;
    parents.push(pair);
    node = pair.value as Node | null;
  }
  const isEmpty = node === null || (isScalar(node) && node.value === null);
  return isMap(node) || isEmpty ? { text, document, parents, list: findPair(node, path.at(-1)) } : undefined;
}

function findPair(node: Node | null, key: string | number | undefined): Pair | undefined {
  return isMap(node) ? node.items.find(pair => nameKey(pair) === key) : undefined;
}

function addList(place: Place, { path, entries, initial = [] }: ListInsertion): readonly Edit[] | undefined {
  const { text, parents } = place;
  const parent = parents.at(-1)?.value as Node | null;
  const name = writeFlow(String(path.at(-1)));
  const values = [...initial, ...entries.map(({ value }) => value)];
  if (isMap(parent) && parent.flow) {
    return [...commentEdits(place, entries), appendToFlow(text, parent, `${name}: ${writeFlow(values)}`)];
  }
  const found = isMap(parent) ? findBlockEnd(text, parent) : findEmptyEnd(place);
  if (found === undefined) return undefined;
  const { offset, indent } = found;
  // One line where defaults are written with it: they have no line of their own to be taken away.
  const lines =
    initial.length > 0
      ? [...describeComments(entries, indent), `${indent}${name}: ${writeFlow(values)}`]
      : [`${indent}${name}:`, ...describeEntries(entries, `${indent}  `)];
  return [insertLines(text, offset, lines)];
}

interface BlockEnd {
  readonly offset: number;
  readonly indent: string;
}

function findBlockEnd(text: string, map: YAMLMap): BlockEnd | undefined {
  const last = map.items.at(-1);
  const indents = map.items.map(({ key }) => indentAt(text, (key as Node).range?.[0] ?? -1));
  const indent = indents.find(each => each !== undefined);
  return last && indent !== undefined ? { offset: endOfPair(last), indent } : undefined;
}

/** Of a key without a value, such as an issuer with every default. */
function findEmptyEnd({ text, parents }: Place): BlockEnd | undefined {
  const pair = parents.at(-1);
  const value = pair?.value as Node | null;
  const indent = indentAt(text, (pair?.key as Node | undefined)?.range?.[0] ?? -1);
  const isWritten = isScalar(value) && (value.source !== '' || value.anchor !== undefined || value.tag !== undefined);
  return pair === undefined || indent === undefined || isWritten
    ? undefined
    : { offset: endOfPair(pair), indent: `${indent}  ` };
}

/** The list of the anchor may be in use elsewhere, so the alias makes way for what it stands for. */
function replaceAlias(place: Place, alias: Node, { entries }: ListInsertion): readonly Edit[] | undefined {
  const shared = place.document.resolve(alias);
  if (!isSeq(shared) || !alias.range) return undefined;
  const held = shared.items.map(toFlowValue);
  if (!held.every(each => each !== undefined)) return undefined;
  const values = [...held, ...entries.map(({ value }) => value)] satisfies FlowValue[];
  const [offset, end] = alias.range;
  return [...commentEdits(place, entries), { offset, removed: end - offset, inserted: writeFlow(values) }];
}

/** @returns `undefined` where `node` holds anything but texts, such as a number or an alias: it may be written in more than one way. */
function toFlowValue(node: unknown): FlowValue | undefined {
  if (isScalar(node)) return typeof node.value === 'string' ? node.value : undefined;
  if (isSeq(node)) {
    const items = node.items.map(toFlowValue);
    return items.every(each => each !== undefined) ? items : undefined;
  }
  if (!isMap(node)) return undefined;
  const members = node.items.map(({ key, value }) => [toFlowValue(key), toFlowValue(value)] as const);
  const isWhole = members.every(([name, value]) => typeof name === 'string' && value !== undefined);
  return isWhole ? (Object.fromEntries(members) as FlowValue) : undefined;
}

function listFlow(entries: readonly NewEntry[]): string {
  return entries.map(({ value }) => writeFlow(value)).join(', ');
}

/** Directly behind the last entry, so that a comma at the end stays what it is. */
function appendToFlow(text: string, node: Node & { readonly items: unknown[] }, inserted: string): Edit {
  const last = node.items.at(-1) as Node | Pair | undefined;
  const start = node.range?.[0] ?? 0;
  if (last === undefined) {
    const isMapping = text[start] === '{';
    return { offset: start + 1, removed: 0, inserted: isMapping ? ` ${inserted} ` : inserted };
  }
  const offset = 'key' in last ? endOfPair(last) : endOf(last);
  return { offset, removed: 0, inserted: `, ${inserted}` };
}

/** Comments cannot stand within a line: they go above the nearest key around the list that begins a line. */
function commentEdits({ text, parents, list }: Place, entries: readonly NewEntry[]): readonly Edit[] {
  const starts = [list, ...parents.toReversed()].flatMap(pair => (pair?.key as Node | undefined)?.range?.[0] ?? []);
  const start = starts.find(each => indentAt(text, each) !== undefined) ?? 0;
  const indent = indentAt(text, start) ?? '';
  const lines = describeComments(entries, indent);
  const eol = lineEndOf(text, start);
  const offset = start - indent.length;
  return lines.length === 0 ? [] : [{ offset, removed: 0, inserted: lines.map(line => line + eol).join('') }];
}

function describeEntries(entries: readonly NewEntry[], indent: string): readonly string[] {
  return entries.flatMap(entry => [...describeComments([entry], indent), `${indent}- ${writeFlow(entry.value)}`]);
}

function describeComments(entries: readonly NewEntry[], indent: string): readonly string[] {
  return entries.flatMap(({ comments }) => comments.map(comment => `${indent}# ${comment}`));
}

/** Behind the line on which `offset` is, with its comment. */
function insertLines(text: string, offset: number, lines: readonly string[]): Edit {
  const eol = lineEndOf(text, offset);
  const next = text[offset - 1] === '\n' ? offset : text.indexOf('\n', offset) + 1;
  if (next > 0) return { offset: next, removed: 0, inserted: lines.map(line => line + eol).join('') };
  return { offset: text.length, removed: 0, inserted: lines.map(line => eol + line).join('') };
}

/** @returns the blanks before `offset` where nothing else stands before it on its line. */
function indentAt(text: string, offset: number): string | undefined {
  if (offset < 0) return undefined;
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /^ *$/.test(before) ? before : undefined;
}

/** The line end of the line of `offset`; on the last line, that of the line before it. */
function lineEndOf(text: string, offset: number): string {
  const next = text.indexOf('\n', offset);
  const end = next === -1 ? text.lastIndexOf('\n') : next;
  return end > 0 && text[end - 1] === '\r' ? '\r\n' : '\n';
}

function endOfPair({ key, value }: Pair): number {
  const [ofKey, ofValue] = [endOf(key as Node), value ? endOf(value as Node) : 0];
  return Math.max(ofKey, ofValue);
}

/** Without the comments and blank lines behind it. */
function endOf(node: Node): number {
  const last = (isMap(node) || isSeq(node)) && !node.flow ? (node.items.at(-1) as Node | Pair | undefined) : undefined;
  if (last !== undefined) return 'key' in last ? endOfPair(last) : endOf(last);
  return node.range?.[1] ?? 0;
}
