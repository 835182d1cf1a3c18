/** The diagnostics of a configuration, of all its files, as many as are listed. */

import { formatLimit, MOST_LISTED } from '../source/limits.ts';
import type { Diagnostic } from './diagnostic.ts';

type Severity = Diagnostic['severity'];

export class DiagnosticList {
  readonly #listed: Diagnostic[] = [];
  /** All diagnostics, also those past `MOST_LISTED`, which are not kept. */
  readonly #counts = { error: 0, warning: 0 };
  /** The first diagnostic past `MOST_LISTED`. */
  readonly #firstUnlisted: { error?: Diagnostic; warning?: Diagnostic } = {};
  /** By name, in the order in which the files were added. */
  readonly #order = new Map<string, number>();

  get errors(): number {
    return this.#counts.error;
  }

  /** @returns the diagnostics by file and place: at most 1,000 errors and 1,000 warnings, then one that counts the rest. */
  get sorted(): readonly Diagnostic[] {
    const rest = (['error', 'warning'] as const).flatMap(severity => this.#describeRest(severity));
    return [...this.#listed, ...rest].toSorted(
      (a, b) => this.#orderOf(a) - this.#orderOf(b) || a.line - b.line || a.column - b.column,
    );
  }

  /** The diagnostics of `file` come after those of files that were added before. */
  addFile(file: string): void {
    if (!this.#order.has(file)) this.#order.set(file, this.#order.size);
  }

  /** @param create is called only where the diagnostic is kept. */
  add(severity: Severity, create: () => Diagnostic): void {
    this.#counts[severity] += 1;
    if (this.#counts[severity] <= MOST_LISTED) this.#listed.push(create());
    else this.#firstUnlisted[severity] ??= create();
  }

  #orderOf({ file }: Diagnostic): number {
    return this.#order.get(file) ?? 0;
  }

  #describeRest(severity: Severity): Diagnostic[] {
    const first = this.#firstUnlisted[severity];
    if (first === undefined) return [];
    const more = this.#counts[severity] - MOST_LISTED;
    if (more === 1) return [first];
    const message = `${formatLimit(more)} more ${severity}s, from here on, are not listed`;
    return [{ ...first, code: 'over-limit', message }];
  }
}
