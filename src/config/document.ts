/** The YAML text as a tree that knows where each key and value stands (YAML 1.2.2). */

import {
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  parseDocument,
  type YAMLError,
} from 'yaml';

/** From the root: map keys and list indices. */
export type Path = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxProblem extends Place {
  readonly message: string;
}

/** No configuration is deeper; the parser's recursion would end the process long before memory does. */
const DEEPEST = 64;

export class YamlDocument {
  readonly #document: Document;
  readonly #lines: LineCounter;

  private constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** @returns the document of `text`, and each error of its syntax but duplicate keys: those do not make it unreadable. */
  static parse(text: string): { readonly document: YamlDocument; readonly problems: readonly SyntaxProblem[] } {
    const deep = isTooDeep(text);
    const lines = new LineCounter();
    const parsed = parseDocument(deep ? '' : text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
      strict: true,
      schema: 'core',
      resolveKnownTags: false,
    });
    const document = new YamlDocument(parsed, lines);
    if (deep) return { document, problems: [{ line: 1, column: 1, message: `nested deeper than ${DEEPEST} levels` }] };
    const faults = [...parsed.errors.filter(({ code }) => code !== 'DUPLICATE_KEY'), ...parsed.warnings];
    const problems = faults.map(fault => ({ ...document.#find(fault.pos[0]), message: describeSyntax(fault, text) }));
    return { document, problems };
  }

  get root(): Node | null {
    return this.#document.contents;
  }

  /** @returns the node itself, or what an alias stands for, if an anchor of its name stands before it. */
  resolve(node: Node): Node | undefined {
    return isAlias(node) ? node.resolve(this.#document) : node;
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
      const key = parent.items.find(pair => nameKey(pair) === segment)?.key as Node | undefined;
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
      ? node.items.find(pair => nameKey(pair) === segment)?.value
      : isSeq(node) && typeof segment === 'number' && node.items[segment];
    return isNode(child) ? child : undefined;
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

/** The parser's own words, but for the slips that the form of our own values invites. */
function describeSyntax({ code, message, pos: [offset] }: YAMLError, text: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here, expected one document';
  if (text.slice(offset - 1, offset + 1) === '${')
    return 'a ${…} within [ ] or { } is read as a map, expected it in quotation marks';
  return code === 'BAD_SCALAR_START' || code === 'BAD_ALIAS' ? `${message}, expected it in quotation marks` : message;
}

function isTooDeep(text: string): boolean {
  const open: { token: CST.Token; depth: number }[] = [];
  for (const token of new Parser().parse(text)) open.push({ token, depth: 0 });
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const depth = next.depth + 1;
    if (depth > DEEPEST) return true;
    for (const token of listChildren(next.token)) open.push({ token, depth });
  }
  return false;
}

function listChildren(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter(child => child !== undefined && child !== null));
}
