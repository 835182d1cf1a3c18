/** The problems of one file, collected on the way through it. */

import { isScalar, type Node } from 'yaml';
import type { Problem } from './diagnostic.ts';
import type { Code, DangerCode } from './lint/check-codes.ts';
import type { Path, Place, SyntaxProblem, YamlDocument } from './source/document.ts';
import { formatLimit, MOST_LISTED } from './source/limits.ts';
import type { Fault } from './values/parsed-value.ts';
import { onOneLine } from './values/visible-text.ts';

/** Whether it is the value, the key itself, or the map that lacks the key. */
export type Blamed = 'value' | 'key' | 'parent';

const LONGEST_QUOTE = 120;
/** Stands for what is not repeated: this goes to logs of CI and of the gateway, too. */
const HIDDEN = '"…"';

export class Findings {
  readonly #file: string;
  readonly #document: YamlDocument;
  readonly #problems: Problem[] = [];
  /** A scalar that was refused once is not judged again: it may stand in for an unset variable, or be shared by aliases. */
  readonly #refused = new Set<Node>();
  #unreadable = false;
  /** How many there are, those too that are not listed, and the place of the first that is not. */
  readonly #counts = { error: 0, warning: 0 };
  readonly #unlisted: { error?: Problem; warning?: Problem } = {};

  constructor(file: string, document: YamlDocument) {
    this.#file = file;
    this.#document = document;
  }

  /** Whether the syntax is broken beyond use. */
  get isUnreadable(): boolean {
    return this.#unreadable;
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0;
  }

  /** Whether a further error would only be counted: then it need not be described with care. */
  get isFull(): boolean {
    return this.#counts.error >= MOST_LISTED;
  }

  /** @returns every problem, by place; of more than 1,000 errors or warnings the rest as one. */
  get sorted(): readonly Problem[] {
    const rest = (['error', 'warning'] as const).flatMap(severity => this.#describeRest(severity));
    return [...this.#problems, ...rest].toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  error(path: Path, fault: Fault, blamed: Blamed = 'value'): void {
    const node = this.#document.node(path);
    if (blamed === 'value' && isScalar(node)) {
      if (this.#refused.has(node)) return;
      this.#refused.add(node);
    }
    this.#push('error', this.#place(path, blamed), path, fault.code, this.#describe(path, fault, blamed));
  }

  /** `what` says what is there; `LINTS` says the rest. */
  warning(path: Path, code: DangerCode, what: string, blamed: Blamed = 'value'): void {
    this.#push('warning', this.#place(path, blamed), path, code, what);
  }

  /** The key itself is wrong, so no path leads to it. */
  keyError(key: Node, path: Path, fault: Fault): void {
    this.#push('error', this.#document.placeOf(key), path, fault.code, fault.what);
  }

  /** The file cannot be read to its end. */
  syntax({ line, column, message, isTooMuch = false }: SyntaxProblem): void {
    this.#push('error', { line, column }, [], isTooMuch ? 'over-limit' : 'yaml-syntax', message);
    this.#unreadable = true;
  }

  /** @returns whether the file itself says something at `path`: a default does not. */
  isWritten(path: Path): boolean {
    return this.#document.node(path) !== undefined;
  }

  /** @returns the line of the key at `path`, for naming it in another problem. */
  lineOfKey(path: Path): number {
    return this.#document.placeOfKey(path).line;
  }

  #push(severity: Problem['severity'], place: Place, path: Path, code: Code | undefined, message: string): void {
    const { line, column } = place;
    this.#counts[severity] += 1;
    if (this.#counts[severity] > MOST_LISTED && this.#unlisted[severity]) return;
    const problem = {
      severity,
      code: code ?? 'invalid-value',
      file: this.#file,
      line,
      column,
      path: namePath(path),
      message: onOneLine(message),
    } as const;
    if (this.#counts[severity] > MOST_LISTED) this.#unlisted[severity] = problem;
    else this.#problems.push(problem);
  }

  #describeRest(severity: Problem['severity']): Problem[] {
    const first = this.#unlisted[severity];
    if (first === undefined) return [];
    const more = this.#counts[severity] - MOST_LISTED;
    if (more === 1) return [first];
    const message = `${formatLimit(more)} more ${severity}s, from here on, are not listed`;
    return [{ ...first, code: 'over-limit', message }];
  }

  #place(path: Path, blamed: Blamed): Place {
    if (blamed === 'value') return this.#document.placeOfValue(path);
    return this.#document.placeOfKey(blamed === 'key' ? path : path.slice(0, -1));
  }

  /**
   * Quotes what the file says, `${NAME}` and not its value; a nearest form made from a substituted value stays unsaid.
   * So does what may hold credentials, which stand before an @ or in a query.
   */
  #describe(path: Path, { what, expected, nearest, standsAlone }: Fault, blamed: Blamed): string {
    const written = blamed === 'value' ? this.#written(path) : String(path.at(-1) ?? '');
    const isHidden = blamed === 'value' ? /[@?]/.test(written ?? '') : hasCredentials(written ?? '');
    const isSecret = isHidden || (blamed === 'value' && written?.includes('${') === true);
    const isNamed = standsAlone !== true && written !== undefined;
    const subject = isNamed ? `${isHidden ? HIDDEN : quote(written)} ` : '';
    const wanted = expected === undefined ? '' : `, expected ${expected}`;
    const suggestion = nearest === undefined || isSecret ? '' : `; did you mean ${quote(nearest)}?`;
    return `${subject}${what}${wanted}${suggestion}`;
  }

  #written(path: Path): string | undefined {
    const node = this.#document.node(path);
    return isScalar(node) ? (node.source ?? String(node.value)) : undefined;
  }
}

/** @returns `text` between quotation marks, on one line and of bounded length; of a URL that may hold credentials nothing. */
export function quote(text: string): string {
  return hasCredentials(text)
    ? HIDDEN
    : JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text);
}

const MOST_NAMES = 10;

/** @returns the keys of a map as a list to choose from, without those that may hold credentials; of many, the first ten. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).filter(name => !hasCredentials(name));
  const more = names.length > MOST_NAMES ? `, … (${formatLimit(names.length - MOST_NAMES)} more)` : '';
  return shown.length === 0 ? '' : `${shown.join(', ')}${more}`;
}

/** A URL with an @ or a query. */
function hasCredentials(text: string): boolean {
  const scheme = text.indexOf('://');
  return scheme !== -1 && /[@?]/.test(text.slice(scheme));
}

/** Words without blanks at their ends or twice in a row, and without what could be taken for the end of a quotation. */
const PLAIN_NAME = /^[^\s"\p{C}]+(?: [^\s"\p{C}]+)*$/u;

/** @returns `routes./profile.scopes[0]`; a name that is not plain stands in quotation marks. */
function namePath(path: Path): string {
  const names = path.map(segment => {
    if (typeof segment === 'number') return `[${segment}]`;
    return hasCredentials(segment) ? '.…' : `.${isPlain(segment) ? segment : quote(segment)}`;
  });
  return onOneLine(names.join('')).replace(/^\./, '');
}

function isPlain(name: string): boolean {
  return name.length <= LONGEST_QUOTE && PLAIN_NAME.test(name) && !/:(?: |$)/.test(name);
}
