/** `explain`, `simulate` and `propose` called in this process: the same output and exit code, without the 600 ms of CPU that a process takes to start. */

import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import type { CommandContext } from '../../src/cli/command-context.ts';
import { explain } from '../../src/cli/explain.ts';
import { propose } from '../../src/cli/propose.ts';
import { simulate } from '../../src/cli/simulate.ts';
import type { Finished } from './program.ts';

/** As `runProgram(['explain', ...args], { input })`. Only options of `explain` are accepted. */
export async function runExplain(args: readonly string[], input: string | Buffer = ''): Promise<Finished> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      'token-file': { type: 'string' },
      token: { type: 'string' },
      method: { type: 'string' },
      at: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  return record(input, context => explain({ ...values, config: values.config ?? '', urls: positionals }, context));
}

export interface SimulateArguments {
  /** File of the configuration that the log is judged under. */
  readonly config: string;
  /** File of the configuration that wrote the log. */
  readonly from?: string | undefined;
  readonly log: string;
  readonly json?: boolean;
}

/** As `runProgram(['simulate', …])`. */
export function runSimulate({ config, from, log, json = true }: SimulateArguments): Promise<Finished> {
  return record('', context => simulate({ config, from, log, json }, context));
}

export interface ProposeArguments {
  /** File of the configuration that wrote the log. */
  readonly config: string;
  readonly log: string;
  readonly json?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: number;
  /** What standard input has, where `log` is `-`. */
  readonly input?: string | Buffer;
}

/** As `runProgram(['propose', …])`. */
export function runPropose({ config, log, json = false, now, input = '' }: ProposeArguments): Promise<Finished> {
  return record(input, context => propose({ config, log, json }, { ...context, ...(now !== undefined && { now }) }));
}

async function record(input: string | Buffer, run: (context: CommandContext) => Promise<number>): Promise<Finished> {
  const [stdout, stderr] = [[] as string[], [] as string[]];
  const code = await run({
    environment: {},
    standardInput: Readable.from([Buffer.from(input)]),
    isColoured: false,
    now: Date.now(),
    write: line => stdout.push(`${line}\n`),
    writeError: line => stderr.push(`${line}\n`),
  });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}
