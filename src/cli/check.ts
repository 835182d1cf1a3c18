/** `audgate check FILE`: every error and warning of a configuration file. */

import type { Config } from '../config/config.ts';
import type { Diagnostic } from '../config/diagnostics/diagnostic.ts';
import { onOneLine } from '../config/diagnostics/visible-text.ts';
import { loadConfig } from '../config/load.ts';
import { formatForGitHub, formatForPeople, formatJson } from './diagnostic-formats.ts';

export const FORMATS = ['text', 'json', 'github'] as const;

export interface CheckOptions {
  readonly format?: (typeof FORMATS)[number];
  /** Exit 1 for warnings, too. */
  readonly strict?: boolean;
}

/**
 * Loads `file` and writes each error and warning; in `text`, also a summary of a file without errors.
 *
 * @returns the exit code: 0 for a clean file or one with warnings only, 1 for errors, and, where `strict`, for warnings.
 */
export function check(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
  { format = 'text', strict = false }: CheckOptions = {},
): number {
  const result = loadConfig(file, environment);
  const diagnostics = result.ok ? result.warnings : result.diagnostics;
  const ok = result.ok && !(strict && diagnostics.length > 0);
  if (format === 'json') write(formatJson(file, ok, diagnostics));
  else if (format === 'github') for (const diagnostic of diagnostics) write(formatForGitHub(diagnostic));
  else {
    for (const line of formatForPeople(diagnostics)) write(line);
    if (result.ok) write(summarise(file, result.config, diagnostics, ok));
  }
  return ok ? 0 : 1;
}

/** @returns whether `name` is one of `FORMATS`. */
export function isFormat(name: string): name is (typeof FORMATS)[number] {
  return FORMATS.some(format => format === name);
}

function summarise(file: string, { routes, issuers }: Config, warnings: readonly Diagnostic[], ok: boolean): string {
  const parts = [count(routes.length, 'route'), count(issuers.size, 'issuer')];
  if (warnings.length > 0) parts.push(count(warnings.length, 'warning'));
  return `${onOneLine(file)}: ${ok ? 'ok' : 'not ok, because of --strict'}, ${parts.join(', ')}`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
