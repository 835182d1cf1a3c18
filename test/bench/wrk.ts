/** wrk for one cell: one thread. */

import { join } from 'node:path';
import type { Probed } from './probe.ts';
import { run } from './processes.ts';

const SCRIPT = join(import.meta.dirname, '../../test/bench/load.lua');
const UNANSWERED_AFTER = '10s';

export interface Load {
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  /** What load.lua reads. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it runs. */
  readonly cores: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Responses with a status over 399. */
  readonly refused: number;
  /** Connections that failed, were cut, or timed out. */
  readonly broken: number;
  /** Milliseconds, as wrk measures them: without the wait for a free connection. */
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

export async function runWrk({ port, isSecure = false }: Probed, load: Load): Promise<LoadResult> {
  const { connections, seconds, path, env, cores } = load;
  const numbers = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', UNANSWERED_AFTER];
  const output = await run('wrk', [...numbers, '-s', SCRIPT, `http${isSecure ? 's' : ''}://127.0.0.1:${port}${path}`], {
    cores,
    env,
  });
  const result = output.split('\n').find(line => line.startsWith('RESULT '));
  if (result === undefined) throw new Error(`wrk reported nothing: ${output.slice(-500)}`);
  return JSON.parse(result.slice('RESULT '.length));
}
