/** Why a value is refused, before it is known where the value stands. */

import type { Code } from '../lint/check-codes.ts';

export interface Fault {
  /** `invalid-value` where absent. */
  readonly code?: Code;
  /**
   * What is wrong, to be read after the value or key: `has a fragment`.
   * Like `expected` it never repeats the value, which may be a secret: only `Findings` quotes, and it quotes what the file says.
   */
  readonly what: string;
  readonly expected?: string;
  /** The nearest valid form; may be made from the value, and is then kept back when the value was substituted. */
  readonly nearest?: string | undefined;
  /** `what` is a sentence by itself: the value is not quoted before it. */
  readonly standsAlone?: boolean;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | Refused;

export interface Refused {
  readonly ok: false;
  readonly fault: Fault;
}

/** @returns `value`, as parsed. */
export function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** @returns the refusal of a value: it `what`, and `more`. */
export function refuse(what: string, more: Omit<Fault, 'what'> = {}): Refused {
  return { ok: false, fault: { what, ...more } };
}
