/** The result of reading one value: the value, or why it is rejected. */

import type { CheckCode } from '../lint/check-codes.ts';

export type ParsedValue<T> = { readonly ok: true; readonly value: T } | Rejected;

export interface Rejected {
  readonly ok: false;
  readonly rejection: Rejection;
}

/**
 * Why a value is rejected; `DiagnosticCollector` adds the place. `what` and `expected` never repeat the value, which may be a
 * secret: only the collector quotes, and it quotes the text of the file, so `${NAME}` and not what stands for it.
 */
export interface Rejection {
  /** Default: `invalid-value`. */
  readonly code?: CheckCode;
  /** What is wrong, to be read after the quoted value or key: `has a fragment`. */
  readonly what: string;
  readonly expected?: string;
  /** The nearest valid form, for "did you mean"; the collector drops it where the value was substituted. */
  readonly nearest?: string | undefined;
  /** `what` is a sentence of its own, so no value is quoted before it. */
  readonly standsAlone?: boolean;
}

/** @returns the result of a value that is accepted. */
export function accept<T>(value: T): ParsedValue<T> {
  return { ok: true, value };
}

/** @returns the result of a value that is rejected for `what`. */
export function reject(what: string, more: Omit<Rejection, 'what'> = {}): Rejected {
  return { ok: false, rejection: { what, ...more } };
}
