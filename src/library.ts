/**
 * What `import … from 'audgate'` gives. Nothing here reads or changes the process of the caller: no environment, argument,
 * output, signal or exit code.
 */

import type { Diagnostic } from './config/diagnostics/diagnostic.ts';
import { LoaderFailure, loadInThread, type ThreadResult } from './config/loader/loader.ts';

const DEFAULT_FILE = 'audgate.yaml';

export interface CheckConfigOptions {
  /**
   * The file that the text is the content of. It need not exist: it is the `file` of each problem, and its folder is where
   * relative paths of the text (`jwks_file`, `${file:PATH}`) start. Default: `audgate.yaml` in the working directory.
   */
  readonly file?: string | undefined;
  /** The values of `${NAME}`. Default: none. `process.env` is used only where it is given here. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface ConfigProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** The key, `routes./profile.upstream` for example; empty for the file as a whole. */
  readonly path: string;
  /** One line. Never the value of a variable or the content of a file. */
  readonly message: string;
  /** An error stops the gateway from starting with this configuration; a warning does not. */
  readonly severity: 'error' | 'warning';
}

export interface ConfigCheck {
  /** `false` where a problem is an error. */
  readonly ok: boolean;
  /** In the order of their places. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * Checks a configuration as `audgate check` does, in a thread of its own, which may take at most 60 s and bounded memory.
 * Files that the text names are read.
 *
 * @param text YAML.
 * @returns all problems. Does not reject for what `text`, or a file that it names, holds; a text that cannot be checked within
 * these bounds has an error that says so.
 */
export async function checkConfig(text: string, options: CheckConfigOptions = {}): Promise<ConfigCheck> {
  // A caller without types may hand over anything. Without a text the thread would read the file.
  const { file = DEFAULT_FILE, env } = options ?? {};
  if (typeof file !== 'string') return failedCheck(DEFAULT_FILE, 'the option file is not a string');
  if (typeof text !== 'string') return failedCheck(file, 'the text is not a string');
  try {
    const loaded = await loadInThread({ file, text, environment: onlyStrings(env ?? {}) });
    return loaded === undefined ? failedCheck(file, 'the text was not loaded') : toCheck(loaded);
  } catch (error) {
    if (error instanceof LoaderFailure) return failedCheck(file, error.message);
    throw error;
  }
}

function toCheck(loaded: ThreadResult): ConfigCheck {
  const problems = loaded.kind === 'loaded' ? loaded.warnings : loaded.diagnostics;
  return { ok: loaded.kind === 'loaded', problems: problems.map(toConfigProblem) };
}

function toConfigProblem({ file, line, column, path, message, severity }: Diagnostic): ConfigProblem {
  return { file, line, column, path, message, severity };
}

function failedCheck(file: string, message: string): ConfigCheck {
  return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message, severity: 'error' }] };
}

/** What is no string cannot be handed to a thread, or is no value of a variable. */
function onlyStrings(env: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const strings: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (typeof value === 'string') strings[name] = value;
  return strings;
}
