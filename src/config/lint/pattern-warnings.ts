/** Warnings about paths that are written as another product writes a pattern: here each is a prefix, and compared exactly. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { RouteDraft } from '../routes.ts';
import type { Path } from '../source/document.ts';
import { parseScopeKey } from '../values/scope-rule.ts';

/** A segment with a `*`, or one such as `:id`; not `things:batch`, which is a custom method (Google AIP-136). */
const PATTERN_SEGMENT = /\/(:[A-Za-z_]\w*(?=\/|$)|[^/]*\*[^/]*)/;

/** Warns about the key of `route` and about the rules of its `scopes`: a rule that never applies leaves its requests to a wider one. */
export function warnOfPatterns({ found, path, target }: RouteDraft, diagnostics: DiagnosticCollector): void {
  warnOfPattern(target?.prefix ?? '', path, diagnostics);
  if (found.scopes === undefined || Array.isArray(found.scopes)) return;
  for (const key of Object.keys(found.scopes)) {
    const rule = parseScopeKey(key);
    if (rule.ok) warnOfPattern(rule.value.path, [...path, 'scopes', key], diagnostics);
  }
}

function warnOfPattern(prefix: string, path: Path, diagnostics: DiagnosticCollector): void {
  if (!PATTERN_SEGMENT.test(prefix)) return;
  diagnostics.warning(path, 'path-pattern', 'a pattern that stands for nothing but itself', 'key');
}
