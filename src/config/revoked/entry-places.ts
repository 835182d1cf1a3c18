/** Where the entries of a list stand that has a file of its own. Only what is wrong is looked for, so a large list costs nothing. */

import type { Node } from 'yaml';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { readNode } from '../source/content.ts';
import { type Path, type Place, type Places, YamlDocument } from '../source/document.ts';

/** The text of one entry, and where it begins. */
export interface EntryText extends Place {
  readonly text: string;
  /** Of the entry within the YAML of `text`. */
  readonly path: Path;
}

/** What was found without the YAML parser. */
export interface FoundEntries {
  readonly entries: readonly unknown[];
  /** Whether the value of the entry may not be all that is written there: the YAML parser has to look at it. */
  readonly isUnclear: (index: number) => boolean;
  readonly textOf: (index: number) => EntryText | undefined;
}

/** The places of paths `revoked[INDEX]…`, each entry parsed by itself when it is asked for. */
export class EntryPlaces implements Places {
  readonly #textOf: (index: number) => EntryText | undefined;
  #last: { readonly index: number; readonly entry: EntryText; readonly document: YamlDocument } | undefined;

  constructor(textOf: (index: number) => EntryText | undefined) {
    this.#textOf = textOf;
  }

  /** @returns the value of an entry, as the YAML parser reads it; duplicate keys go to `diagnostics`. */
  read(index: number, diagnostics: DiagnosticCollector): unknown {
    const found = this.#find(index);
    const node = found?.document.node(found.entry.path);
    return found && node && readNode(found.document, node, ['revoked', index], diagnostics);
  }

  node([, index, ...below]: Path): Node | undefined {
    const found = this.#find(index);
    return found?.document.node([...found.entry.path, ...below]);
  }

  placeOfValue([, index, ...below]: Path): Place {
    const found = this.#find(index);
    return found ? shift(found.document.placeOfValue([...found.entry.path, ...below]), found.entry) : START;
  }

  placeOfKey([, index, ...below]: Path): Place {
    const found = this.#find(index);
    if (!found) return START;
    const path = [...found.entry.path, ...below];
    return shift(path.length === 0 ? START : found.document.placeOfKey(path), found.entry);
  }

  placeOf(node: Node): Place {
    return this.#last ? shift(this.#last.document.placeOf(node), this.#last.entry) : START;
  }

  #find(index: string | number | undefined) {
    if (typeof index !== 'number') return undefined;
    if (this.#last?.index === index) return this.#last;
    const entry = this.#textOf(index);
    this.#last = entry && { index, entry, document: YamlDocument.parse(entry.text).document };
    return this.#last;
  }
}

/** The places of paths `revoked…` in a document that is the list. */
export class ListPlaces implements Places {
  readonly #document: YamlDocument;

  constructor(document: YamlDocument) {
    this.#document = document;
  }

  node(path: Path): Node | undefined {
    return this.#document.node(path.slice(1));
  }

  placeOfValue(path: Path): Place {
    return this.#document.placeOfValue(path.slice(1));
  }

  placeOfKey(path: Path): Place {
    return this.#document.placeOfKey(path.slice(1));
  }

  placeOf(node: Node): Place {
    return this.#document.placeOf(node);
  }
}

const START: Place = { line: 1, column: 1 };

function shift({ line, column }: Place, start: Place): Place {
  return line === 1 ? { line: start.line, column: start.column + column - 1 } : { line: start.line + line - 1, column };
}
