/** Reads a map of the YAML by its schema. */

import { z } from 'zod';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { Path } from '../source/document.ts';
import { isRawMap } from '../source/raw-map.ts';
import { explainIssue } from './zod-diagnostic.ts';

/** `complete` is set only without errors; `found` has every valid key, so that valid keys can be checked against one another. */
export interface Settings<T> {
  readonly found: Partial<T>;
  readonly complete: T | undefined;
}

/** @returns the settings of `raw`, the map at `path`; every error goes to `diagnostics`. */
export function readSettings<S extends z.ZodRawShape>(
  schema: z.ZodObject<S, z.core.$strict>,
  path: Path,
  raw: unknown,
  diagnostics: DiagnosticCollector,
): Settings<z.output<typeof schema>> {
  // zod's own messages are switched off, so a message that is left is what one of our schemas expected.
  const result = schema.safeParse(raw, { reportInput: true, error: () => '' });
  if (result.success) return { found: result.data, complete: result.data };
  if (diagnostics.isFull) {
    // An error that is only counted is not explained, since explaining costs more than finding it.
    diagnostics.error(path, { what: 'is not valid' }, 'key');
    return { found: readEach(schema, raw), complete: undefined };
  }
  for (const issue of result.error.issues) {
    for (const { below, rejection, subject } of explainIssue(issue, { schema, raw })) {
      diagnostics.error([...path, ...below], rejection, subject);
    }
  }
  return { found: readEach(schema, raw), complete: undefined };
}

function readEach<S extends z.ZodRawShape>(schema: z.ZodObject<S>, raw: unknown): Partial<z.output<typeof schema>> {
  if (!isRawMap(raw)) return {};
  const entries = Object.entries(schema.shape).flatMap(([key, value]) => {
    const result = z.safeParse(value, raw[key]);
    return result.success ? [[key, result.data]] : [];
  });
  return Object.fromEntries(entries);
}
