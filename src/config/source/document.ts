/** YAML text → a tree with the place of each key and value (YAML 1.2.2). Only this file and tokens.ts import `yaml`. */

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
  type YAMLMap,
} from 'yaml';
import { LIMITS } from './limits.ts';
import { describeSyntaxError } from './syntax-message.ts';
import { readTokens } from './tokens.ts';

/** The map keys and list indices from the root. */
export type Path = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A place in one of several files. */
export interface FilePlace extends Place {
  /** As a person would type it. */
  readonly file: string;
}

/** An error of the YAML itself. */
export interface SyntaxMessage extends Place {
  readonly message: string;
  /** The syntax may be right, but there is more of it than `LIMITS` allows. */
  readonly isOverLimit?: boolean;
}

export interface ParsedText {
  readonly document: YamlDocument;
  readonly syntaxErrors: readonly SyntaxMessage[];
  /** Lexemes of the text. */
  readonly tokens: number;
}

/** Finds what stands at a path. */
export interface Places {
  node(path: Path): Node | undefined;
  placeOfValue(path: Path): Place;
  placeOfKey(path: Path): Place;
  placeOf(node: Node): Place;
}

/** Looking up a path costs its depth, however many entries the maps on the way have: 10,000 routes load in under a second. */
export class YamlDocument implements Places {
  readonly #document: Document | undefined;
  readonly #lines: LineCounter;
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();
  #anchored: ReadonlyMap<Alias, Node> | undefined;

  private constructor(document: Document | undefined, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /**
   * @param most lexemes that the text may have.
   * @returns the document of `text` and its syntax errors, without duplicate keys: `readContent` reports these.
   */
  static parse(text: string, most: number = LIMITS.tokens): ParsedText {
    const lines = new LineCounter();
    const read = readTokens(text, lines, most);
    if (!read.ok) {
      const document = new YamlDocument(undefined, lines);
      const error = { ...document.#placeAt(read.offset), message: read.message, isOverLimit: true };
      return { document, syntaxErrors: [error], tokens: most };
    }
    const composer = new Composer({ uniqueKeys: false, strict: true, schema: 'core', resolveKnownTags: false });
    const documents = composer.compose(read.tokens, true, text.length);
    const { value: first } = documents.next();
    const second = documents.next();
    const document = new YamlDocument(first || undefined, lines);
    const errors = [...(first?.errors ?? []), ...(first?.warnings ?? [])];
    const syntaxErrors = errors.map(error => ({
      ...document.#placeAt(error.pos[0]),
      message: describeSyntaxError(error, text),
    }));
    if (!second.done) {
      const message = 'a second document begins here, expected one document';
      syntaxErrors.push({ ...document.#placeAt(second.value.range[0]), message });
    }
    return { document, syntaxErrors, tokens: read.count };
  }

  get root(): Node | null {
    return this.#document?.contents ?? null;
  }

  /** @returns the node itself; of an alias the node with its anchor, or `undefined` where there is none before the alias. */
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

  /** @returns the place of the value at `path`; where it is absent or empty, that of its key or of the nearest key above. */
  placeOfValue(path: Path): Place {
    const node = this.node(path);
    const isEmpty = node === undefined || (isScalar(node) && node.value === null && !node.source);
    return isEmpty || !node.range ? this.placeOfKey(path) : this.#placeAt(node.range[0]);
  }

  /** @returns the place of the key at `path`; of the entry itself in a list; of the start of the file for the root. */
  placeOfKey(path: Path): Place {
    if (path.length === 0) return { line: 1, column: 1 };
    const parent = this.node(path.slice(0, -1));
    const segment = path.at(-1);
    if (isMap(parent)) {
      const key = this.#pair(parent, segment)?.key as Node | undefined;
      if (key?.range) return this.#placeAt(key.range[0]);
    }
    const exists = isSeq(parent) && this.node(path)?.range;
    return exists ? this.#placeAt(exists[0]) : this.placeOfKey(path.slice(0, -1));
  }

  /** @returns the place of `node`. */
  placeOf(node: Node): Place {
    return this.#placeAt(node.range?.[0] ?? 0);
  }

  /** The value of a key without a colon is `null`, not a node. */
  #child(node: Node, segment: string | number): Node | undefined {
    const child = isMap(node)
      ? this.#pair(node, segment)?.value
      : isSeq(node) && typeof segment === 'number' && node.items[segment];
    return isNode(child) ? child : undefined;
  }

  /** @returns the entry of `name`; the first one, if the key is a duplicate. */
  #pair(map: YAMLMap, name: string | number | undefined): Pair | undefined {
    const known = this.#pairs.get(map) ?? indexPairs(map);
    this.#pairs.set(map, known);
    return typeof name === 'string' ? known.get(name) : undefined;
  }

  #placeAt(offset: number): Place {
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

/** @returns the node of each alias: the last one before it that has its anchor (YAML 1.2.2 section 7.1). */
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
