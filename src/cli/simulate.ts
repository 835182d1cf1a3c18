/** `audgate simulate --config NEW FILE.ndjson`: an access log replayed against another configuration. */

import { createReadStream, statSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { createProgress } from './simulate/progress.ts';
import { type Replay, replay } from './simulate/replay.ts';
import { describeAsJson } from './simulate/report.ts';
import { summarise } from './simulate/summary.ts';
import { fitText } from './terminal.ts';

export interface SimulateOptions {
  /** The file of the new configuration. */
  readonly config: string;
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

/** @returns the exit code: 0 where no decision would change, 3 where some would, 1 for a bad configuration or an unreadable log. */
export async function simulate(options: SimulateOptions, surroundings: Surroundings): Promise<number> {
  const loaded = loadConfig(options.config, surroundings.environment);
  if (!loaded.ok) {
    for (const problem of loaded.problems) surroundings.complain(`${formatProblem(problem)}\n`);
    return FAILED;
  }
  const replayed = await replayLog(options.log, loaded.config, surroundings);
  if (typeof replayed === 'string') {
    surroundings.complain(`${fitText(options.log)}: cannot be read (${replayed})\n`);
    return FAILED;
  }
  surroundings.write(describe(replayed, loaded.config, options));
  return replayed.judged === replayed.unchanged ? SAME : CHANGED;
}

function describe(replayed: Replay, config: Config, { json, log }: SimulateOptions): string {
  if (json) return `${describeAsJson(replayed, config)}\n`;
  return `${summarise(replayed, log, config.source.file).join('\n')}\n`;
}

/** @returns the code of the fault where the log cannot be read. */
async function replayLog(log: string, config: Config, { input, draw }: Surroundings): Promise<Replay | string> {
  const isInput = log === '-';
  const progress = createProgress(isInput ? 0 : sizeOf(log), draw);
  try {
    return await replay(isInput ? input : createReadStream(log, { highWaterMark: PIECE }), config, progress.advance);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && 'code' in error) return `${error.code}`;
    throw error;
  } finally {
    progress.end();
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
