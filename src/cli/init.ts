/** `audgate init`: prints a configuration to begin with. Of what it is not told it writes an example. */

import { onOneLine } from '../config/diagnostics/visible-text.ts';
import type { CommandContext } from './command-context.ts';
import type { InitOptions } from './init/arguments.ts';
import { inspectIssuer } from './init/inspection.ts';
import { writeConfiguration } from './init/template.ts';

/**
 * Asks the issuer, where one is given, and prints the file. One that cannot be asked, or whose metadata names another issuer, is an
 * error on standard error; the file is then written by the name of the issuer alone, and says so.
 *
 * @returns the exit code: 0; 1 where the issuer could not be asked.
 */
export async function init(
  { issuer, routes }: InitOptions,
  { environment, write, writeError }: Pick<CommandContext, 'environment' | 'write' | 'writeError'>,
): Promise<0 | 1> {
  const inspection = issuer === undefined ? undefined : await inspectIssuer(issuer, environment);
  write(writeConfiguration(inspection, routes));
  if (inspection?.problem === undefined) return 0;
  writeError(onOneLine(`the issuer could not be asked: ${inspection.problem}`));
  return 1;
}
