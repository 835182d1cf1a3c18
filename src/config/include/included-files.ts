/** Which files `include` names: each once, in the order of the list and, where a pattern matches several, of their names. */

import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { formatLimit, LIMITS } from '../source/limits.ts';
import { isPattern } from '../source/name-pattern.ts';
import type { ReferencedFiles } from '../source/referenced-files.ts';

/** A file that is to be included. */
export interface IncludedName {
  readonly path: string;
  /** As a person would type it, who typed the name of the file that includes it. */
  readonly file: string;
  /** The entry of `include` that is the name of this file; `undefined` where a pattern matches it. */
  readonly entry: number | undefined;
}

/**
 * Reports at its entry of `include` a file that is not there, a pattern that matches nothing, and more files than `LIMITS.included`.
 *
 * @param file that includes them; a pattern leaves it out.
 */
export function listIncluded(
  file: string,
  entries: readonly string[],
  files: ReferencedFiles,
  diagnostics: DiagnosticCollector,
): readonly IncludedName[] {
  const including = identify(resolve(file));
  const names = entries.flatMap((entry, index) => {
    const paths = isPattern(entry)
      ? listMatches(index, entry, files, diagnostics)
      : listLiteral({ index, entry, including }, files, diagnostics);
    const nameOf = (path: string) => (isAbsolute(entry) ? path : join(dirname(file), relative(files.folder, path)));
    const literal = isPattern(entry) ? undefined : index;
    return paths.map(path => ({ path, file: nameOf(path), entry: literal, identity: identify(path), index }));
  });
  const first = new Map(names.toReversed().map(name => [name.identity, name]));
  const once = names.filter(name => first.get(name.identity) === name && name.identity !== including);
  const excess = once[LIMITS.included];
  if (excess) reportLimit(excess.index, diagnostics);
  return once.slice(0, LIMITS.included);
}

/** Two names of one file, such as a link and what it leads to, are the same. */
function identify(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function listMatches(
  index: number,
  pattern: string,
  files: ReferencedFiles,
  diagnostics: DiagnosticCollector,
): readonly string[] {
  const found = files.findMatches(pattern);
  if (!found.ok) diagnostics.error(['include', index], found.rejection);
  else if (found.value.length === 0)
    diagnostics.warning(['include', index], 'include-without-match', 'matches no file');
  return found.ok ? found.value : [];
}

function listLiteral(
  { index, entry, including }: { readonly index: number; readonly entry: string; readonly including: string },
  files: ReferencedFiles,
  diagnostics: DiagnosticCollector,
): readonly string[] {
  const path = resolve(files.folder, entry);
  if (identify(path) === including) {
    diagnostics.error(['include', index], { what: 'is this very file', expected: 'another file' });
    return [];
  }
  return [path];
}

function reportLimit(index: number, diagnostics: DiagnosticCollector): void {
  const what = `is one file more than ${formatLimit(LIMITS.included)} that are included`;
  diagnostics.error(['include', index], { code: 'over-limit', what, expected: 'fewer' });
}
