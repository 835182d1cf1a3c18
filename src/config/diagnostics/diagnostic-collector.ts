/** Collects the diagnostics of a configuration file, and of those that it includes, while they are read, each with its place. */

import { isScalar, type Node } from 'yaml';
import type { CheckCode, WarningCode } from '../lint/check-codes.ts';
import type { FilePlace, Path, Place, Places, SyntaxMessage } from '../source/document.ts';
import { MOST_LISTED } from '../source/limits.ts';
import type { Rejection } from '../values/parsed-value.ts';
import type { Diagnostic } from './diagnostic.ts';
import { DiagnosticList } from './diagnostic-list.ts';
import { formatPath, HIDDEN, hasCredentials, quote } from './quotation.ts';
import { onOneLine } from './visible-text.ts';

/** What a diagnostic is about: the value at its path, the key itself, or the map that lacks the key. */
export type DiagnosticSubject = 'value' | 'key' | 'parent';

type Severity = Diagnostic['severity'];

export class DiagnosticCollector {
  readonly file: string;
  readonly #document: Places;
  readonly #list: DiagnosticList;
  /** The collectors of included files, by the keys of the routes that they hold. */
  readonly #included = new Map<string, DiagnosticCollector>();
  /** Scalars with an error. A second one is not added: the scalar may be shared by aliases, or stand for an unset variable. */
  readonly #rejected = new Set<Node>();
  #isUnreadable = false;

  /** @param list where the diagnostics go; for an included file that of the file which includes it. */
  constructor(file: string, document: Places, list = new DiagnosticList()) {
    this.file = file;
    this.#document = document;
    this.#list = list;
    list.addFile(file);
  }

  /** Whether the YAML could not be read to its end, so that its content must not be checked. */
  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  get hasErrors(): boolean {
    return this.#list.errors > 0;
  }

  /** Whether a further error is only counted: then costly parts of its message can be left out. */
  get isFull(): boolean {
    return this.#list.errors >= MOST_LISTED;
  }

  /** @returns the diagnostics of all files, by file and place: at most 1,000 errors and 1,000 warnings, then one that counts the rest. */
  get sorted(): readonly Diagnostic[] {
    return this.#list.sorted;
  }

  /** @returns the collector of a file that this one includes. Its diagnostics are listed with those of this one. */
  createIncluded(file: string, document: Places): DiagnosticCollector {
    return new DiagnosticCollector(file, document, this.#list);
  }

  /** From now on the route `key` stands in the file of `included`: so do the diagnostics of paths below it. */
  placeRoute(key: string, included: DiagnosticCollector): void {
    this.#included.set(key, included);
  }

  /** Adds the error `rejection` of what is at `path`; the message quotes the value or key. */
  error(path: Path, rejection: Rejection, subject: DiagnosticSubject = 'value'): void {
    this.#ownerOf(path).#addError(path, rejection, subject);
  }

  #addError(path: Path, rejection: Rejection, subject: DiagnosticSubject): void {
    const node = this.#document.node(path);
    if (subject === 'value' && isScalar(node)) {
      if (this.#rejected.has(node)) return;
      this.#rejected.add(node);
    }
    const message = this.#describe(path, rejection, subject);
    this.#add('error', this.#placeOf(path, subject), path, rejection.code, message);
  }

  /** Adds a warning; `what` describes the setting, `CHECK_CODES` its consequence. */
  warning(path: Path, code: WarningCode, what: string, subject: DiagnosticSubject = 'value'): void {
    const owner = this.#ownerOf(path);
    owner.#add('warning', owner.#placeOf(path, subject), path, code, what);
  }

  /** Adds the error of a key that no path leads to, since it is a duplicate or no string. */
  keyError(key: Node, path: Path, rejection: Rejection): void {
    this.#add('error', this.#document.placeOf(key), path, rejection.code, rejection.what);
  }

  /** Adds an error of the YAML itself, after which the content is not checked. */
  syntaxError({ line, column, message, isOverLimit = false }: SyntaxMessage): void {
    this.#add('error', { line, column }, [], isOverLimit ? 'over-limit' : 'yaml-syntax', message);
    this.#isUnreadable = true;
  }

  /** @returns whether the file has a value at `path`; a default is none. */
  isWritten(path: Path): boolean {
    return this.#ownerOf(path).#document.node(path) !== undefined;
  }

  /** @returns the file and the place of the key at `path`. */
  locate(path: Path): FilePlace {
    const owner = this.#ownerOf(path);
    return { file: owner.file, ...owner.#document.placeOfKey(path) };
  }

  #ownerOf([top, key]: Path): DiagnosticCollector {
    return (top === 'routes' && typeof key === 'string' && this.#included.get(key)) || this;
  }

  #add(severity: Severity, place: Place, path: Path, code: CheckCode = 'invalid-value', message: string): void {
    const { file } = this;
    this.#list.add(severity, () => {
      const { line, column } = place;
      return { severity, code, file, line, column, path: formatPath(path), message: onOneLine(message) };
    });
  }

  #placeOf(path: Path, subject: DiagnosticSubject): Place {
    if (subject === 'value') return this.#document.placeOfValue(path);
    return this.#document.placeOfKey(subject === 'key' ? path : path.slice(0, -1));
  }

  /**
   * Quotes what the file has, so `${NAME}` and never its value. The nearest valid form is left out where it was made from a
   * substituted value, or from a value that may hold credentials, which stand before an `@` or in a query.
   */
  #describe(path: Path, { what, expected, nearest, standsAlone }: Rejection, subject: DiagnosticSubject): string {
    const written = subject === 'value' ? this.#scalarText(path) : String(path.at(-1) ?? '');
    const isHidden = subject === 'value' ? /[@?]/.test(written ?? '') : hasCredentials(written ?? '');
    const isSecret = isHidden || (subject === 'value' && written?.includes('${') === true);
    const isQuoted = standsAlone !== true && written !== undefined;
    const quotation = isQuoted ? `${isHidden ? HIDDEN : quote(written)} ` : '';
    const wanted = expected === undefined ? '' : `, expected ${expected}`;
    const suggestion = nearest === undefined || isSecret ? '' : `; did you mean ${quote(nearest)}?`;
    return `${quotation}${what}${wanted}${suggestion}`;
  }

  #scalarText(path: Path): string | undefined {
    const node = this.#document.node(path);
    return isScalar(node) ? (node.source ?? String(node.value)) : undefined;
  }
}
