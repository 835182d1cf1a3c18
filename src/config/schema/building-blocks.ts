/** The building blocks of the schema: a text with a form of its own, a list without duplicates, a map with judged keys. */

import { z } from 'zod';
import { isRawMap } from '../source/content.ts';
import type { ParsedValue, Rejection } from '../values/parsed-value.ts';

/** By itself zod judges only what has no rejection yet; a faulty entry must not hide a repeated one, nor a faulty value a faulty key. */
const JUDGE_EVERY_LIST = { when: ({ value }: { value: unknown }) => Array.isArray(value) };
const JUDGE_EVERY_MAP = { when: ({ value }: { value: unknown }) => isRawMap(value) };

/**
 * @returns a schema of texts that `parse` accepts; `expected` says in every refusal what was wanted.
 * `form` is for editors: what every such text looks like, or keywords of JSON Schema.
 */
export function text<T>(expected: string, parse: (text: string) => ParsedValue<T>, form?: RegExp | z.core.GlobalMeta) {
  const keywords = form instanceof RegExp ? describeForm(form, expected) : (form ?? {});
  return z
    .string({ error: expected })
    .meta(keywords)
    .transform((written, context): T => {
      const parsed = parse(written);
      if (parsed.ok) return parsed.value;
      addRejection(context, { expected, ...parsed.rejection });
      return z.NEVER;
    });
}

/** @returns a schema of any keys, of which an editor asks that they look like `form`. */
export function key(form: RegExp, expected: string) {
  return z.string().meta(describeForm(form, expected));
}

function describeForm({ source }: RegExp, expected: string): z.core.GlobalMeta {
  return { pattern: source, patternErrorMessage: `expected ${expected}` };
}

/** @returns a schema of lists that hold no entry twice. */
export function uniqueList<S extends z.ZodType<string>>(entry: S) {
  return z
    .array(entry)
    .meta({ uniqueItems: true })
    .superRefine((entries, context) => {
      const seen = new Set<unknown>();
      for (const [index, value] of entries.entries()) {
        const isRepeated = typeof value === 'string' && seen.has(value);
        if (isRepeated) addRejection(context, { what: 'stands in the list already' }, [index]);
        seen.add(value);
      }
    }, JUDGE_EVERY_LIST);
}

/** @returns a schema of lists that hold no entry twice, and at least one. */
export function filledList<S extends z.ZodType<string>>(entry: S) {
  return uniqueList(entry).superRefine((entries, context) => {
    if (entries.length === 0) {
      addRejection(context, {
        what: 'the list is empty',
        expected: 'at least one entry, or no such key',
        standsAlone: true,
      });
    }
  });
}

/** @returns a schema of maps whose keys `judge` looks at, all of them together. */
export function mapWithKeys<S extends z.ZodType>(
  name: z.ZodString,
  value: S,
  judge: (keys: readonly string[], context: z.RefinementCtx) => void,
) {
  return z.record(name, value).superRefine((map, context) => judge(Object.keys(map), context), JUDGE_EVERY_MAP);
}

/** Hands `rejection` on, through zod, to the diagnostic that is made of the issue; `isKey` where a key of a map is at rejection. */
export function addRejection(
  context: z.RefinementCtx,
  rejection: Rejection,
  path: (string | number)[] = [],
  isKey = false,
): void {
  context.addIssue({ code: 'custom', path, params: { rejection, isKey } });
}
