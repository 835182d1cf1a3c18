/** The tree of the YAML → plain maps, lists and scalars, references substituted. */

import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { type Findings, quote } from '../diagnostics.ts';
import type { Fault } from '../values/parsed-value.ts';
import { nameKey, type Path, type YamlDocument } from './document.ts';
import { formatLimit, LIMITS } from './limits.ts';
import { type Sources, substitute } from './substitution.ts';

/** A map of the YAML. It has no prototype, so no key is found that the file does not have. */
export type RawMap = Readonly<Record<string, unknown>>;

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
  /** How much there is so far; aliases can make a short file endless. */
  readonly #seen = { values: 0, aliases: 0, references: 0, replaced: 0 };

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
    const seen = this.#seen;
    seen.values += 1;
    seen.aliases += isAlias(written) ? 1 : 0;
    if (this.#isTooMuch(written, seen.values, LIMITS.values, 'values, with those that aliases repeat'))
      return undefined;
    if (this.#isTooMuch(written, seen.aliases, LIMITS.aliases, 'aliases')) return undefined;
    const node = this.#document.resolve(written);
    if (node === undefined) this.#complain(written, 'no anchor of this name stands before this alias');
    else if (this.#open.has(node)) this.#complain(written, 'the alias stands within what it stands for');
    else return node;
    return undefined;
  }

  /** Complains of the first that is too much; what is left out then is not missed, as nothing is judged any more. */
  #isTooMuch(node: Node, count: number, most: number, what: string): boolean {
    if (count <= most) return false;
    if (!this.#findings.isUnreadable) {
      const message = `more than ${formatLimit(most)} ${what}, expected fewer`;
      this.#findings.syntax({ ...this.#document.placeOf(node), message, isTooMuch: true });
    }
    return true;
  }

  #readList(node: Node, path: Path): unknown[] {
    if (!isSeq(node) || this.#isTooMuch(node, node.items.length, LIMITS.entries, 'entries in one list')) return [];
    return node.items.map((item, index) => this.read(item as Node, [...path, index]));
  }

  #readMap(map: YAMLMap, path: Path): RawMap {
    const content: Record<string, unknown> = Object.create(null);
    const [most, what] = limitOf(path);
    if (this.#isTooMuch(map, map.items.length, most, what)) return content;
    for (const pair of map.items) this.#readPair(pair, map, path, content);
    this.#judged.add(map);
    return content;
  }

  #readPair(pair: Pair, map: YAMLMap, path: Path, content: Record<string, unknown>): void {
    const name = nameKey(pair);
    if (this.#isTooMuch(pair.key as Node, name?.length ?? 0, LIMITS.key, 'characters in a key')) return;
    const fault = judgeKey(name, content);
    if (name !== undefined && fault === undefined) {
      content[name] = pair.value === null ? null : this.read(pair.value as Node, [...path, name]);
    } else if (fault !== undefined && !this.#judged.has(map)) {
      this.#findings.keyError(pair.key as Node, name === undefined ? path : [...path, name], fault);
    }
  }

  #readScalar(scalar: Scalar, path: Path): unknown {
    if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) return scalar.value;
    const seen = this.#seen;
    seen.references += scalar.value.split('${').length - 1;
    if (this.#isTooMuch(scalar, seen.references, LIMITS.references, 'references in all values')) return '';
    const replaced = substitute(scalar.value, this.#sources);
    seen.replaced += replaced.ok ? replaced.value.length : 0;
    const what = 'characters in all values that have references';
    if (this.#isTooMuch(scalar, seen.replaced, LIMITS.fileBytes, what)) return '';
    if (replaced.ok) return scalar.type === 'PLAIN' ? retype(replaced.value) : replaced.value;
    this.#findings.error(path, replaced.fault);
    return '';
  }

  #complain(node: Node, message: string): void {
    this.#findings.syntax({ ...this.#document.placeOf(node), message });
  }
}

function limitOf(path: Path): readonly [most: number, what: string] {
  if (path.length === 1 && path[0] === 'routes') return [LIMITS.routes, 'routes'];
  if (path.length === 1 && path[0] === 'issuers') return [LIMITS.issuers, 'issuers'];
  return [LIMITS.entries, 'entries in one map'];
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
