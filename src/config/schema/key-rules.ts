/** Checks the keys of a map against one another. */

import type { z } from 'zod';
import type { ParsedValue, Rejection } from '../values/parsed-value.ts';
import { addRejection } from './building-blocks.ts';

export interface KeyRules<T> {
  readonly parse: (key: string) => ParsedValue<T>;
  /** Two keys with one identity are duplicates; `value` is `undefined` for a rejected key. */
  readonly identify: (key: string, value: T | undefined) => string;
  readonly describeDuplicate: (first: string) => Rejection;
}

/** Reports each key that is rejected, and each that means the same as one before it. */
export function checkKeys<T>(keys: readonly string[], context: z.RefinementCtx, rules: KeyRules<T>): void {
  const known = new Map<string, string>();
  for (const name of keys) {
    const parsed = rules.parse(name);
    const identity = rules.identify(name, parsed.ok ? parsed.value : undefined);
    const first = known.get(identity);
    if (!parsed.ok) addRejection(context, parsed.rejection, [name], true);
    else if (first !== undefined) addRejection(context, rules.describeDuplicate(first), [name], true);
    known.set(identity, first ?? name);
  }
}
