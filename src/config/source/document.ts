/** The YAML text as a tree that knows where each key and value stands (YAML 1.2.2). */

import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { readTokens } from './tokens.ts';

/** From the root: map keys and list indices. */
export type Path = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxProblem extends Place {
  readonly message: string;
  /** Whether it is not the syntax, but how much there is (`LIMITS`). */
  readonly isTooMuch?: boolean;
}

export interface ParsedText {
  readonly document: YamlDocument;
  readonly problems: readonly SyntaxProblem[];
}

/** Every look-up costs the depth of its path, however many entries the maps on the way have. */
export class YamlDocument {
  readonly #document: Document | undefined;
  readonly #lines: LineCounter;
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();
  #anchored: ReadonlyMap<Alias, Node> | undefined;

  private constructor(document: Document | undefined, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** @returns the document of `text`, and each error of its syntax but duplicate keys: those do not make it unreadable. */
  static parse(text: string): ParsedText {
    const lines = new LineCounter();
    const read = readTokens(text, lines);
    if (!read.ok) {
      const document = new YamlDocument(undefined, lines);
      return { document, problems: [{ ...document.#find(read.offset), message: read.message, isTooMuch: true }] };
    }
    const composer = new Composer({ uniqueKeys: false, strict: true, schema: 'core', resolveKnownTags: false });
    const documents = composer.compose(read.tokens, true, text.length);
    const { value: first } = documents.next();
    const second = documents.next();
    const document = new YamlDocument(first || undefined, lines);
    const faults = [...(first?.errors ?? []), ...(first?.warnings ?? [])];
    const problems = faults.map(fault => ({ ...document.#find(fault.pos[0]), message: describeSyntax(fault, text) }));
    if (!second.done) {
      const message = 'a second document begins here, expected one document';
      problems.push({ ...document.#find(second.value.range[0]), message });
    }
    return { document, problems };
  }

  get root(): Node | null {
    return this.#document?.contents ?? null;
  }

  /** @returns the node itself, or what an alias stands for, if an anchor of its name stands before it. */
  resolve(node: Node): Node | undefined {
    if (!isAlias(node)) return node;
    this.#anchored ??= findAnchored(this.#document);
    return this.#anchored.get(node);
  }

  /** @returns the value at `path`, aliases followed, or `undefined`. */
  node(path: Path): Node | undefined {
    let node = this.root ?? undefined;
    for (const segment of path) {
      const child = node && this.#child(node, segment);
      node = child && this.resolve(child);
    }
    return node;
  }

  /** @returns where the value at `path` stands; where that is absent or empty: its key, or the nearest key above. */
  placeOfValue(path: Path): Place {
    const node = this.node(path);
    const isEmpty = node === undefined || (isScalar(node) && node.value === null && !node.source);
    return isEmpty || !node.range ? this.placeOfKey(path) : this.#find(node.range[0]);
  }

  /** @returns where the key at `path` stands; for an entry of a list, the entry; for the root, the start of the file. */
  placeOfKey(path: Path): Place {
    if (path.length === 0) return { line: 1, column: 1 };
    const parent = this.node(path.slice(0, -1));
    const segment = path.at(-1);
    if (isMap(parent)) {
      const key = this.#pair(parent, segment)?.key as Node | undefined;
      if (key?.range) return this.#find(key.range[0]);
    }
    const exists = isSeq(parent) && this.node(path)?.range;
    return exists ? this.#find(exists[0]) : this.placeOfKey(path.slice(0, -1));
  }

  /** @returns where `node` stands. */
  placeOf(node: Node): Place {
    return this.#find(node.range?.[0] ?? 0);
  }

  /** A key without a colon has `null` for a value, not a node. */
  #child(node: Node, segment: string | number): Node | undefined {
    const child = isMap(node)
      ? this.#pair(node, segment)?.value
      : isSeq(node) && typeof segment === 'number' && node.items[segment];
    return isNode(child) ? child : undefined;
  }

  /** The first, of a key that stands there twice. */
  #pair(map: YAMLMap, name: string | number | undefined): Pair | undefined {
    const known = this.#pairs.get(map) ?? indexPairs(map);
    this.#pairs.set(map, known);
    return typeof name === 'string' ? known.get(name) : undefined;
  }

  #find(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

/** @returns the key of `pair` as text (`404` is `"404"`); `undefined` for null, a list, a map or an alias. */
export function nameKey(pair: Pair): string | undefined {
  if (!isScalar(pair.key) || pair.key.value === null) return undefined;
  return typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? String(pair.key.value));
}

function indexPairs(map: YAMLMap): ReadonlyMap<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const pair of map.items) {
    const name = nameKey(pair);
    if (name !== undefined && !pairs.has(name)) pairs.set(name, pair);
  }
  return pairs;
}

/** @returns what each alias stands for: the last node before it that has its anchor (YAML 1.2.2 section 7.1). */
function findAnchored(document: Document | undefined): ReadonlyMap<Alias, Node> {
  const latest = new Map<string, Node>();
  const anchored = new Map<Alias, Node>();
  if (!document) return anchored;
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const target = latest.get(node.source);
        if (target) anchored.set(node, target);
      } else if (isNode(node) && 'anchor' in node && node.anchor) latest.set(node.anchor, node);
    },
  });
  return anchored;
}

/** The parser's own words, and what was expected, as far as the kind of the slip tells. */
function describeSyntax({ code, message, pos: [offset] }: YAMLError, text: string): string {
  if (text.slice(offset - 1, offset + 1) === '${')
    return 'a ${…} within [ ] or { } is read as a map, expected it in quotation marks';
  const expected = expectedOf(code, text, offset);
  return expected === undefined ? message : `${message}, expected ${expected}`;
}

const ONE_INDENT =
  'what belongs to one map or list at one indent: this line, or the next, begins too far left or right';

function expectedOf(code: YAMLError['code'], text: string, offset: number): string | undefined {
  switch (code) {
    case 'BAD_SCALAR_START':
    case 'BAD_ALIAS':
      return 'it in quotation marks';
    case 'TAB_AS_INDENT':
      return 'blanks';
    case 'BAD_INDENT':
    case 'MULTILINE_IMPLICIT_KEY':
      return ONE_INDENT;
    case 'BLOCK_AS_IMPLICIT_KEY':
      return isOnOneLine(text, offset) ? 'a value with ": " in it in quotation marks' : ONE_INDENT;
    default:
      return undefined;
  }
}

/** Whether the colon that makes a map of the value at `offset` stands on its line. */
function isOnOneLine(text: string, offset: number): boolean {
  const end = text.indexOf('\n', offset);
  return /:(?:[ \t\r]|$)/.test(text.slice(offset, end === -1 ? undefined : end));
}
