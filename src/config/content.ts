/** The tree of the YAML → plain maps, lists and scalars, references substituted. */

import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { nameKey, type Path, type YamlDocument } from './document.ts';
import type { Fault } from './fault.ts';
import { type Findings, quote } from './findings.ts';
import { type Sources, substitute } from './substitution.ts';

/** A map of the YAML. It has no prototype, so no key is found that the file does not have. */
export type RawMap = Readonly<Record<string, unknown>>;

/** Aliases can make a short file endless; no configuration comes near. */
const MOST_NODES = 100_000;
const MOST_ALIASES = 1_000;
/** An empty variable or file is a mistake; an empty default was written on purpose. */
const EMPTY_DEFAULT = /^\$\{[A-Za-z_][A-Za-z0-9_]*:-\}$/;

/**
 * @returns what the document says. A scalar that had to be refused is `''`, which the schema accepts nowhere;
 * `Findings` does not judge it a second time. Aliases that cannot be followed are problems of the syntax.
 * `admin_token: ${NAME:-}` that comes out empty is as if it were not written: one file for with and without a token.
 */
export function readContent(document: YamlDocument, sources: Sources, findings: Findings): unknown {
  if (document.root === null) return null;
  const content = new ContentReader(document, sources, findings).read(document.root, []);
  if (!isRawMap(content) || content['admin_token'] !== '' || !hasEmptyDefault(document.root, 'admin_token'))
    return content;
  const { admin_token: _, ...others } = content;
  return Object.assign(Object.create(null), others);
}

/** @returns whether `value` is a map. */
export function isRawMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasEmptyDefault(root: Node, key: string): boolean {
  const written = isMap(root) ? root.get(key, true) : undefined;
  return isScalar(written) && typeof written.value === 'string' && EMPTY_DEFAULT.test(written.value);
}

class ContentReader {
  readonly #document: YamlDocument;
  readonly #sources: Sources;
  readonly #findings: Findings;
  /** The maps and lists around the current node. */
  readonly #open = new Set<Node>();
  /** Maps whose keys were judged; an alias shows them again. */
  readonly #judged = new Set<Node>();
  #nodes = 0;
  #aliases = 0;

  constructor(document: YamlDocument, sources: Sources, findings: Findings) {
    this.#document = document;
    this.#sources = sources;
    this.#findings = findings;
  }

  read(written: Node, path: Path): unknown {
    const node = this.#follow(written);
    if (node === undefined) return '';
    if (isScalar(node)) return this.#readScalar(node, path);
    this.#open.add(node);
    const content = isMap(node) ? this.#readMap(node, path) : this.#readList(node, path);
    this.#open.delete(node);
    return content;
  }

  #follow(written: Node): Node | undefined {
    this.#nodes += 1;
    this.#aliases += isAlias(written) ? 1 : 0;
    if (this.#nodes > MOST_NODES || this.#aliases > MOST_ALIASES) {
      if (!this.#findings.isUnreadable) this.#complain(written, 'the aliases expand to too much');
      return undefined;
    }
    const node = this.#document.resolve(written);
    if (node === undefined) this.#complain(written, 'no anchor of this name stands before this alias');
    else if (this.#open.has(node)) this.#complain(written, 'the alias stands within what it stands for');
    else return node;
    return undefined;
  }

  #readList(node: Node, path: Path): unknown[] {
    if (!isSeq(node)) return [];
    return node.items.map((item, index) => this.read(item as Node, [...path, index]));
  }

  #readMap(map: YAMLMap, path: Path): RawMap {
    const content: Record<string, unknown> = Object.create(null);
    for (const pair of map.items) {
      const name = nameKey(pair);
      const fault = judgeKey(name, content);
      if (name !== undefined && fault === undefined) {
        content[name] = pair.value === null ? null : this.read(pair.value as Node, [...path, name]);
      } else if (fault !== undefined && !this.#judged.has(map)) {
        this.#findings.keyError(pair.key as Node, name === undefined ? path : [...path, name], fault);
      }
    }
    this.#judged.add(map);
    return content;
  }

  #readScalar(scalar: Scalar, path: Path): unknown {
    if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) return scalar.value;
    const replaced = substitute(scalar.value, this.#sources);
    if (replaced.ok) return scalar.type === 'PLAIN' ? retype(replaced.value) : replaced.value;
    this.#findings.error(path, replaced.fault);
    return '';
  }

  #complain(node: Node, message: string): void {
    this.#findings.syntax({ ...this.#document.placeOf(node), message });
  }
}

function judgeKey(name: string | undefined, content: RawMap): Fault | undefined {
  if (name === undefined) return { what: 'the key is not a string', standsAlone: true };
  if (name in content) return { code: 'duplicate-key', what: `duplicate key ${quote(name)}`, standsAlone: true };
  // Objects do not keep this key, in zod or anywhere else.
  if (name === '__proto__') return { code: 'unknown-key', what: 'unknown key "__proto__"', standsAlone: true };
  return undefined;
}

/** A plain scalar is what YAML would have read, had the value stood there; but no key takes a number, and a client id may be digits. */
function retype(text: string): unknown {
  return text === 'true' || text === 'false' ? text === 'true' : text;
}
