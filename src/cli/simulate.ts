/** `audgate simulate --config NEW [--from OLD] FILE.ndjson`: an access log replayed against another configuration. */

import { createReadStream, statSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { loadConfig } from '../config/load.ts';
import { createProgress } from './simulate/progress.ts';
import { type Configurations, type Replay, replay } from './simulate/replay.ts';
import { describeAsJson } from './simulate/report.ts';
import { countUnjudged, summarise } from './simulate/summary.ts';
import { fitText } from './terminal.ts';

export interface SimulateOptions {
  /** The file of the new configuration. */
  readonly config: string;
  /** The file of the configuration that wrote the log; `undefined`: nobody says. */
  readonly from: string | undefined;
  /** The access log; `-` is standard input. */
  readonly log: string;
  readonly json: boolean;
}

/** What a command may touch of its process. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: AsyncIterable<Uint8Array>;
  /** Text with its line ends: what was asked for. */
  readonly write: (text: string) => void;
  /** What went wrong. */
  readonly complain: (text: string) => void;
  /** To a terminal; `undefined` where there is none. */
  readonly draw: ((text: string) => void) | undefined;
}

const SAME = 0;
const FAILED = 1;
const CHANGED = 3;
const PIECE = 256 * 1024;

/**
 * What the log does not hold is known from `from`. A request that was refused or reported as `untrusted_issuer` is judged
 * only there, and where its route trusts no issuer that it did not then: it stays refused, or breaks where it was only
 * reported. A line that is open stays as it was where its route, all issuers, and what other routes are for did not change.
 *
 * @returns the exit code: 0 where every request of the log was judged and no decision would change; 3 where some would, or
 *   where that cannot be said of all, since lines are unknown or broken; 1 for a bad configuration, and for a log that
 *   cannot be read or holds no line that could be judged.
 */
export async function simulate(options: SimulateOptions, surroundings: Surroundings): Promise<number> {
  const now = load(options.config, surroundings);
  const from = options.from === undefined ? undefined : load(options.from, surroundings);
  if (!now || (options.from !== undefined && !from)) return FAILED;
  const replayed = await replayLog(options.log, { now, from }, surroundings);
  if (typeof replayed === 'string') {
    surroundings.complain(`${fitText(options.log)}: cannot be read (${replayed})\n`);
    return FAILED;
  }
  surroundings.write(describe(replayed, { now, from }, options));
  if (replayed.judged === 0) {
    surroundings.complain(`${fitText(options.log)}: no line of this log could be judged\n`);
    return FAILED;
  }
  return replayed.judged === replayed.unchanged && countUnjudged(replayed) === 0 ? SAME : CHANGED;
}

function load(file: string, { environment, complain }: Surroundings): Config | undefined {
  const loaded = loadConfig(file, environment);
  if (loaded.ok) return loaded.config;
  for (const problem of loaded.diagnostics) complain(`${formatDiagnostic(problem)}\n`);
  return undefined;
}

function describe(replayed: Replay, { now, from }: Configurations, { json, log }: SimulateOptions): string {
  if (json) return `${describeAsJson(replayed, { now, from })}\n`;
  const names = { log, now: now.source.file, from: from?.source.file };
  return `${summarise(replayed, names).join('\n')}\n`;
}

/** @returns the code of the fault where the log cannot be read. */
async function replayLog(
  log: string,
  configurations: Configurations,
  { input, draw }: Surroundings,
): Promise<Replay | string> {
  const isInput = log === '-';
  const progress = createProgress(isInput ? 0 : sizeOf(log), draw);
  const pieces = isInput ? input : createReadStream(log, { highWaterMark: PIECE });
  try {
    return await replay(pieces, configurations, progress.advance);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && 'code' in error) return `${error.code}`;
    throw error;
  } finally {
    progress.end();
  }
}

/** What is wrong with the file is told when it is read. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
