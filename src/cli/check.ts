/** `audgate check FILE`: every error and warning of a configuration file. */

import type { Config } from '../config/config.ts';
import type { Diagnostic } from '../config/diagnostics/diagnostic.ts';
import { onOneLine } from '../config/diagnostics/visible-text.ts';
import { type LoadResult, loadCollected } from '../config/load.ts';
import { readSourceFile } from '../config/source/source-file.ts';
import { formatForGitHub, formatForPeople, formatJson } from './diagnostic-formats.ts';
import type { Format } from './format-names.ts';
import { checkOnline } from './online/online-check.ts';

export interface CheckOptions {
  readonly format?: Format;
  /** Exit 1 for warnings, too. */
  readonly strict?: boolean;
  /** Also ask what the file names: issuers and upstreams. */
  readonly online?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Loads `file` and writes each error and warning; in `text`, also a summary of a file without errors. With `online`, what a file
 * without errors names is asked, and an error is whatever does not answer.
 *
 * @returns the exit code: 0 for a clean file or one with warnings only, 1 for errors, and, where `strict`, for warnings.
 */
export async function check(
  file: string,
  environment: Environment,
  write: (line: string) => void,
  { format = 'text', strict = false, online = false }: CheckOptions = {},
): Promise<0 | 1> {
  const { result, answered } = await load(file, environment, online);
  const diagnostics = result.ok ? result.warnings : result.diagnostics;
  const ok = result.ok && !(strict && diagnostics.length > 0);
  if (format === 'json') write(formatJson(file, ok, diagnostics));
  else if (format === 'github') for (const diagnostic of diagnostics) write(formatForGitHub(diagnostic));
  else {
    for (const line of formatForPeople(diagnostics)) write(line);
    if (result.ok) write(summarise(file, result.config, diagnostics, { ok, answered }));
  }
  return ok ? 0 : 1;
}

interface Checked {
  readonly result: LoadResult;
  /** How many issuers and upstreams answered; `undefined` where none was asked. */
  readonly answered: number | undefined;
}

async function load(file: string, environment: Environment, online: boolean): Promise<Checked> {
  const read = readSourceFile(file);
  if (!read.ok) return { result: read, answered: undefined };
  const { result, diagnostics } = loadCollected(read.source, environment);
  if (!result.ok || !online) return { result, answered: undefined };
  const answered = await checkOnline(result.config, diagnostics);
  return diagnostics.hasErrors
    ? { result: { ok: false, diagnostics: diagnostics.sorted }, answered: undefined }
    : { result, answered };
}

function summarise(
  file: string,
  { routes, issuers }: Config,
  warnings: readonly Diagnostic[],
  { ok, answered }: { readonly ok: boolean; readonly answered: number | undefined },
): string {
  const parts = [count(routes.length, 'route'), count(issuers.size, 'issuer')];
  if (warnings.length > 0) parts.push(count(warnings.length, 'warning'));
  if (answered !== undefined) parts.push(`${answered} asked, all answered`);
  return `${onOneLine(file)}: ${ok ? 'ok' : 'not ok, because of --strict'}, ${parts.join(', ')}`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
