/** `audgate simulate --config NEW [--from OLD] FILE.ndjson`: an access log replayed against another configuration. */

import type { Config } from '../config/config.ts';
import { formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { loadConfig } from '../config/load.ts';
import type { CommandContext } from './command-context.ts';
import { openLog, readErrorCode } from './simulate/log/log-file.ts';
import { renderJson } from './simulate/output/json.ts';
import { countUndecided, renderText } from './simulate/output/text.ts';
import { explainUndecided } from './simulate/replay/counted-lines.ts';
import { type Configurations, type ReplayResult, replayLog } from './simulate/replay/log-replay.ts';
import { fitText } from './terminal.ts';

export interface SimulateOptions {
  /** The file of the new configuration. */
  readonly config: string;
  /** The file of the configuration in use when the log was recorded, where it is known. */
  readonly from: string | undefined;
  /** The access log; `-` is standard input. */
  readonly log: string;
  readonly json: boolean;
}

/** What the command uses of its process. */
export type SimulateContext = Pick<CommandContext, 'environment' | 'standardInput' | 'write' | 'writeError'>;

const EXIT_SAME = 0;
const EXIT_FAILED = 1;
const EXIT_CHANGED = 3;

/**
 * Prints which decisions of the log would change. Rules that the log does not hold are taken from `from`: a request that was
 * refused or reported as `untrusted_issuer` is decided only with it, and where its route trusts no issuer in addition.
 * An undecided entry counts as unchanged where its route, all issuers, and the audiences of the other routes are the same.
 *
 * @returns the exit code: 0 where every request of the log was decided and no decision would change; 3 where some would, or
 *   where lines are unknown or broken; 1 for a bad configuration, and for a log that cannot be read or has no entry that
 *   could be decided.
 */
export async function simulate(options: SimulateOptions, context: SimulateContext): Promise<number> {
  const now = load(options.config, context);
  const from = options.from === undefined ? undefined : load(options.from, context);
  if (!now || (options.from !== undefined && !from)) return EXIT_FAILED;
  const result = await readAndReplay(options.log, { now, from }, context);
  if (typeof result === 'string') {
    context.writeError(`${fitText(options.log)}: cannot be read (${result})`);
    return EXIT_FAILED;
  }
  context.write(render(result, { now, from }, options));
  if (result.decided === 0) {
    context.writeError(`${fitText(options.log)}: ${explainUndecided(result)}`);
    return EXIT_FAILED;
  }
  return result.decided === result.unchanged && countUndecided(result) === 0 ? EXIT_SAME : EXIT_CHANGED;
}

function load(file: string, { environment, writeError }: SimulateContext): Config | undefined {
  const loaded = loadConfig(file, environment, { acceptsNoOwner: true });
  if (loaded.ok) return loaded.config;
  for (const problem of loaded.diagnostics) writeError(formatDiagnostic(problem));
  return undefined;
}

function render(result: ReplayResult, { now, from }: Configurations, { json, log }: SimulateOptions): string {
  if (json) return renderJson(result, { now, from });
  const names = { log, now: now.source.file, from: from?.source.file };
  return renderText(result, names).join('\n');
}

/** @returns the error code of the system where the log cannot be read. */
async function readAndReplay(
  log: string,
  configurations: Configurations,
  { standardInput }: SimulateContext,
): Promise<ReplayResult | string> {
  try {
    return await replayLog(openLog(log, standardInput), configurations);
  } catch (error) {
    return readErrorCode(error);
  }
}
