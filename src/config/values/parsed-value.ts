/** Why a value is refused, before it is known where the value stands. */

import type { CheckCode } from '../lint/check-codes.ts';

export interface Rejection {
  /** `invalid-value` where absent. */
  readonly code?: CheckCode;
  /**
   * What is wrong, to be read after the value or key: `has a fragment`.
   * Like `expected` it never repeats the value, which may be a secret: only `DiagnosticCollector` quotes, and it quotes what the file says.
   */
  readonly what: string;
  readonly expected?: string;
  /** The nearest valid form; may be made from the value, and is then kept back when the value was substituted. */
  readonly nearest?: string | undefined;
  /** `what` is a sentence by itself: the value is not quoted before it. */
  readonly standsAlone?: boolean;
}

export type ParsedValue<T> = { readonly ok: true; readonly value: T } | Rejected;

export interface Rejected {
  readonly ok: false;
  readonly rejection: Rejection;
}

/** @returns `value`, as parsed. */
export function accept<T>(value: T): ParsedValue<T> {
  return { ok: true, value };
}

/** @returns the refusal of a value: it `what`, and `more`. */
export function reject(what: string, more: Omit<Rejection, 'what'> = {}): Rejected {
  return { ok: false, rejection: { what, ...more } };
}
