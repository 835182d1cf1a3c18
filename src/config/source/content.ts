/** The tree of the YAML → plain maps, lists and scalars, references replaced. */

import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { quote } from '../diagnostics/quotation.ts';
import type { Rejection } from '../values/parsed-value.ts';
import { nameKey, type Path, type YamlDocument } from './document.ts';
import { formatLimit, LIMITS } from './limits.ts';
import { isRawMap, type RawMap } from './raw-map.ts';
import { type ReferenceSources, replaceReferences } from './substitution.ts';

/** The keys whose files are watched: what they hold is replaced while the gateway serves. */
const WATCHED_KEYS: readonly unknown[] = ['session_key'];
/** The keys at the top whose value may be a file that is larger than a value can be: who reads the key reads the file. */
const FILE_KEYS: readonly unknown[] = ['revoked'];

/** `${NAME:-}`: a variable that may be unset or empty. */
const EMPTY_DEFAULT = /^\$\{[A-Za-z_][A-Za-z0-9_]*:-\}$/;

/**
 * @returns the content of `document`. A rejected scalar becomes `''`, which no schema accepts, and the collector reports a
 *   scalar only once. An alias without an anchor before it, or inside what it stands for, is a syntax error.
 *   `admin_token: ${NAME:-}` that comes out empty is left out, so that one file serves with and without a token.
 * @param sources `undefined`: the text is data, and no reference in it is replaced.
 * @param seen counts on; one for all files of a configuration.
 */
export function readContent(
  document: YamlDocument,
  sources: ReferenceSources | undefined,
  diagnostics: DiagnosticCollector,
  seen: ContentCounts = createCounts(),
): unknown {
  if (document.root === null) return null;
  const content = new ContentReader(document, sources, diagnostics, seen).read(document.root, []);
  if (!isRawMap(content) || content['admin_token'] !== '' || !hasEmptyDefault(document.root, 'admin_token'))
    return content;
  const { admin_token: _, ...others } = content;
  return Object.assign(Object.create(null), others);
}

/** As `readContent`, for one node of `document` that is data. @param path of it, for diagnostics. */
export function readNode(document: YamlDocument, node: Node, path: Path, diagnostics: DiagnosticCollector): unknown {
  return new ContentReader(document, undefined, diagnostics, createCounts()).read(node, path);
}

/** Counted against `LIMITS`, since aliases can expand a short file without bound. */
export interface ContentCounts {
  values: number;
  aliases: number;
  references: number;
  /** Characters of values that had references. */
  replaced: number;
}

/** @returns counts that begin at 0. */
export function createCounts(): ContentCounts {
  return { values: 0, aliases: 0, references: 0, replaced: 0 };
}

function hasEmptyDefault(root: Node, key: string): boolean {
  const written = isMap(root) ? root.get(key, true) : undefined;
  return isScalar(written) && typeof written.value === 'string' && EMPTY_DEFAULT.test(written.value);
}

class ContentReader {
  readonly #document: YamlDocument;
  readonly #sources: ReferenceSources | undefined;
  readonly #diagnostics: DiagnosticCollector;
  /** The maps and lists around the current node: an alias to one of them is endless. */
  readonly #open = new Set<Node>();
  /** Maps whose keys were checked already; aliases lead to them again. */
  readonly #checked = new Set<Node>();
  readonly #seen: ContentCounts;

  constructor(
    document: YamlDocument,
    sources: ReferenceSources | undefined,
    diagnostics: DiagnosticCollector,
    seen: ContentCounts,
  ) {
    this.#document = document;
    this.#sources = sources;
    this.#diagnostics = diagnostics;
    this.#seen = seen;
  }

  read(written: Node, path: Path): unknown {
    const node = this.#followAlias(written);
    if (node === undefined) return '';
    if (isScalar(node)) return this.#readScalar(node, path);
    this.#open.add(node);
    const content = isMap(node) ? this.#readMap(node, path) : this.#readList(node, path);
    this.#open.delete(node);
    return content;
  }

  #followAlias(written: Node): Node | undefined {
    const seen = this.#seen;
    seen.values += 1;
    seen.aliases += isAlias(written) ? 1 : 0;
    if (this.#isOverLimit(written, seen.values, LIMITS.values, 'values, with those that aliases repeat'))
      return undefined;
    if (this.#isOverLimit(written, seen.aliases, LIMITS.aliases, 'aliases')) return undefined;
    const node = this.#document.resolve(written);
    if (node === undefined) this.#reportSyntax(written, 'no anchor of this name stands before this alias');
    else if (this.#open.has(node)) this.#reportSyntax(written, 'the alias stands within what it stands for');
    else return node;
    return undefined;
  }

  /** Reports the first limit that is passed. From then on nothing is checked, so what is left out does no harm. */
  #isOverLimit(node: Node, count: number, most: number, what: string): boolean {
    if (count <= most) return false;
    if (!this.#diagnostics.isUnreadable) {
      const message = `more than ${formatLimit(most)} ${what}, expected fewer`;
      this.#diagnostics.syntaxError({ ...this.#document.placeOf(node), message, isOverLimit: true });
    }
    return true;
  }

  #readList(node: Node, path: Path): unknown[] {
    if (!isSeq(node) || this.#isOverLimit(node, node.items.length, mostEntries(path), 'entries in one list')) return [];
    return node.items.map((item, index) => this.read(item as Node, [...path, index]));
  }

  #readMap(map: YAMLMap, path: Path): RawMap {
    const content: Record<string, unknown> = Object.create(null);
    const [most, what] = limitOf(path);
    if (this.#isOverLimit(map, map.items.length, most, what)) return content;
    for (const pair of map.items) this.#readPair(pair, map, path, content);
    this.#checked.add(map);
    return content;
  }

  #readPair(pair: Pair, map: YAMLMap, path: Path, content: Record<string, unknown>): void {
    const name = nameKey(pair);
    if (this.#isOverLimit(pair.key as Node, name?.length ?? 0, LIMITS.key, 'characters in a key')) return;
    const rejection = checkKeyName(name, content);
    if (name !== undefined && rejection === undefined) {
      content[name] = pair.value === null ? null : this.read(pair.value as Node, [...path, name]);
    } else if (rejection !== undefined && !this.#checked.has(map)) {
      this.#diagnostics.keyError(pair.key as Node, name === undefined ? path : [...path, name], rejection);
    }
  }

  #readScalar(scalar: Scalar, path: Path): unknown {
    const sources = this.#sources;
    if (!sources || typeof scalar.value !== 'string' || !scalar.value.includes('${')) return scalar.value;
    if (path.length === 1 && FILE_KEYS.includes(path[0])) return scalar.value;
    const seen = this.#seen;
    seen.references += scalar.value.split('${').length - 1;
    if (this.#isOverLimit(scalar, seen.references, LIMITS.references, 'references in all values')) return '';
    const watched = WATCHED_KEYS.includes(path.at(-1)) ? sources.watched : undefined;
    const replaced = replaceReferences(scalar.value, { ...sources, watched });
    seen.replaced += replaced.ok ? replaced.value.length : 0;
    const what = 'characters in all values that have references';
    if (this.#isOverLimit(scalar, seen.replaced, LIMITS.fileBytes, what)) return '';
    if (replaced.ok) return scalar.type === 'PLAIN' ? readPlain(replaced.value) : replaced.value;
    this.#diagnostics.error(path, replaced.rejection);
    return '';
  }

  #reportSyntax(node: Node, message: string): void {
    this.#diagnostics.syntaxError({ ...this.#document.placeOf(node), message });
  }
}

/** The root of a configuration is a map: a list there is a file of entries. */
function mostEntries(path: Path): number {
  return path.length === 0 ? LIMITS.revoked : LIMITS.entries;
}

function limitOf(path: Path): readonly [most: number, what: string] {
  if (path.length === 1 && path[0] === 'routes') return [LIMITS.routes, 'routes'];
  if (path.length === 1 && path[0] === 'issuers') return [LIMITS.issuers, 'issuers'];
  return [LIMITS.entries, 'entries in one map'];
}

function checkKeyName(name: string | undefined, content: RawMap): Rejection | undefined {
  if (name === undefined) return { what: 'the key is not a string', standsAlone: true };
  if (name in content) return { code: 'duplicate-key', what: `duplicate key ${quote(name)}`, standsAlone: true };
  // Assigned to an object, this key would set its prototype and not be kept.
  if (name === '__proto__') return { code: 'unknown-key', what: 'unknown key "__proto__"', standsAlone: true };
  if (name === '<<') {
    const what = 'the merge key of YAML 1.1 is not read, expected the keys themselves, or an alias for a whole map';
    return { code: 'unknown-key', what, standsAlone: true };
  }
  return undefined;
}

/** Only booleans are read as YAML would read them: no key takes a number, and a client id may be digits. */
function readPlain(text: string): unknown {
  return text === 'true' || text === 'false' ? text === 'true' : text;
}
