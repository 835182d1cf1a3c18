/** Collects the diagnostics of one configuration file while it is read, each with its place in the file. */

import { isScalar, type Node } from 'yaml';
import type { CheckCode, WarningCode } from '../lint/check-codes.ts';
import type { Path, Place, Places, SyntaxMessage } from '../source/document.ts';
import { formatLimit, MOST_LISTED } from '../source/limits.ts';
import type { Rejection } from '../values/parsed-value.ts';
import type { Diagnostic } from './diagnostic.ts';
import { formatPath, HIDDEN, hasCredentials, quote } from './quotation.ts';
import { onOneLine } from './visible-text.ts';

/** What a diagnostic is about: the value at its path, the key itself, or the map that lacks the key. */
export type DiagnosticSubject = 'value' | 'key' | 'parent';

type Severity = Diagnostic['severity'];

export class DiagnosticCollector {
  readonly file: string;
  readonly #document: Places;
  readonly #listed: Diagnostic[] = [];
  /** Scalars with an error. A second one is not added: the scalar may be shared by aliases, or stand for an unset variable. */
  readonly #rejected = new Set<Node>();
  /** All diagnostics, also those past `MOST_LISTED`, which are not kept. */
  readonly #counts = { error: 0, warning: 0 };
  /** The first diagnostic past `MOST_LISTED`. */
  readonly #firstUnlisted: { error?: Diagnostic; warning?: Diagnostic } = {};
  #isUnreadable = false;

  constructor(file: string, document: Places) {
    this.file = file;
    this.#document = document;
  }

  /** Whether the YAML could not be read to its end, so that its content must not be checked. */
  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0;
  }

  /** Whether a further error is only counted: then costly parts of its message can be left out. */
  get isFull(): boolean {
    return this.#counts.error >= MOST_LISTED;
  }

  /** @returns the diagnostics by place: at most 1,000 errors and 1,000 warnings, then one that counts the rest. */
  get sorted(): readonly Diagnostic[] {
    const rest = (['error', 'warning'] as const).flatMap(severity => this.#describeRest(severity));
    return [...this.#listed, ...rest].toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  /** Adds the error `rejection` of what is at `path`; the message quotes the value or key. */
  error(path: Path, rejection: Rejection, subject: DiagnosticSubject = 'value'): void {
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
    this.#add('warning', this.#placeOf(path, subject), path, code, what);
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
    return this.#document.node(path) !== undefined;
  }

  /** @returns the line of the key at `path`, for messages that refer to it. */
  lineOfKey(path: Path): number {
    return this.#document.placeOfKey(path).line;
  }

  /** Adds what was found in a file that this one names. */
  adopt(found: readonly Diagnostic[]): void {
    for (const diagnostic of found) this.#keep(diagnostic);
  }

  #add(severity: Severity, place: Place, path: Path, code: CheckCode = 'invalid-value', message: string): void {
    const { line, column } = place;
    const shown = { path: formatPath(path), message: onOneLine(message) };
    this.#keep({ severity, code, file: this.file, line, column, ...shown });
  }

  #keep(diagnostic: Diagnostic): void {
    const { severity } = diagnostic;
    this.#counts[severity] += 1;
    if (this.#counts[severity] > MOST_LISTED && this.#firstUnlisted[severity]) return;
    if (this.#counts[severity] > MOST_LISTED) this.#firstUnlisted[severity] = diagnostic;
    else this.#listed.push(diagnostic);
  }

  #describeRest(severity: Severity): Diagnostic[] {
    const first = this.#firstUnlisted[severity];
    if (first === undefined) return [];
    const more = this.#counts[severity] - MOST_LISTED;
    if (more === 1) return [first];
    const message = `${formatLimit(more)} more ${severity}s, from here on, are not listed`;
    return [{ ...first, code: 'over-limit', message }];
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
