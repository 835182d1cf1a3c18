/** `audgate propose --config FILE FILE.ndjson`: what an access log's callers need before every route can enforce, as a patch. */

import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import type { Config } from '../config/config.ts';
import { type Diagnostic, formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { loadSource } from '../config/load.ts';
import { readSourceFile, toSourceFile } from '../config/source/source-file.ts';
import type { CommandContext } from './command-context.ts';
import { renderJson } from './propose/output/json.ts';
import { renderText } from './propose/output/text.ts';
import { type ConfigFile, createProposal } from './propose/proposal.ts';
import { type Survey, surveyLog } from './propose/survey/log-survey.ts';
import { openLog, readErrorCode } from './simulate/log/log-file.ts';
import { explainUndecided } from './simulate/replay/counted-lines.ts';
import { fitText } from './terminal.ts';

export interface ProposeOptions {
  /** The file of the configuration in use when the log was recorded. */
  readonly config: string;
  /** The access log; `-` is standard input. */
  readonly log: string;
  readonly json: boolean;
}

/** What the command uses of its process. */
export type ProposeContext = Pick<CommandContext, 'environment' | 'standardInput' | 'now' | 'write' | 'writeError'>;

const EXIT_NOTHING = 0;
const EXIT_FAILED = 1;
const EXIT_PROPOSED = 3;

/**
 * Prints the smallest change of the configuration under which those who were let in would still be let in, were every route on
 * `enforce`. `enforcement` itself is never changed.
 *
 * @returns the exit code: 3 with a patch; 0 where none is needed; 1 for a bad configuration, and for a log that cannot be read
 *   or has no entry that could be judged.
 */
export async function propose(options: ProposeOptions, context: ProposeContext): Promise<number> {
  const { environment, now } = context;
  const loaded = load(options.config, context);
  if (loaded === undefined) return EXIT_FAILED;
  const survey = await readLog(options.log, loaded.config, context);
  if (typeof survey === 'string') return fail(options.log, `cannot be read (${survey})`, context);
  const result = createProposal(survey, { ...loaded, environment, now });
  if (!result.ok) return report(result.diagnostics, context);
  const { proposal } = result;
  if (options.json) context.write(renderJson(survey, proposal, nameInPatch));
  else context.write(renderText(survey, proposal, nameInPatch).slice(0, -1));
  if (survey.decided === 0) return fail(options.log, explainUndecided(survey), context);
  return proposal.files.length > 0 ? EXIT_PROPOSED : EXIT_NOTHING;
}

function load(file: string, context: ProposeContext): { config: Config; file: ConfigFile } | undefined {
  const read = readSourceFile(file, { keepsMark: true });
  // The mark is no part of the YAML.
  const source = read.ok ? toSourceFile(file, read.source.text) : read;
  const loaded = source.ok ? loadSource(source.source, context.environment) : source;
  if (loaded.ok && read.ok) return { config: loaded.config, file: { file, text: read.source.text } };
  if (!loaded.ok) report(loaded.diagnostics, context);
  return undefined;
}

/** @returns the error code of the system where the log cannot be read. */
async function readLog(log: string, config: Config, { standardInput }: ProposeContext): Promise<Survey | string> {
  try {
    return await surveyLog(openLog(log, standardInput), config);
  } catch (error) {
    return readErrorCode(error);
  }
}

/**
 * Relative to the working directory, with slashes. `patch` and `git apply` refuse a symbolic link and what is behind one, so below the
 * working directory the file to which it leads is named.
 */
function nameInPatch(file: string): string {
  const real = relative(realpathSync('.'), realpathSync(file));
  const name = real === '..' || real.startsWith(`..${sep}`) ? relative('', file) : real;
  return name.split(sep).join('/');
}

function report(diagnostics: readonly Diagnostic[], { writeError }: ProposeContext): number {
  for (const problem of diagnostics) writeError(formatDiagnostic(problem));
  return EXIT_FAILED;
}

function fail(log: string, what: string, { writeError }: ProposeContext): number {
  writeError(`${fitText(log)}: ${what}`);
  return EXIT_FAILED;
}
