/** `audgate explain` within this process: what it prints and its exit code, without the half second that a process takes to start. */

import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { explain } from '../../src/cli/explain.ts';
import type { Finished } from './program.ts';

/** Runs `explain` with the arguments behind its name, as `runProgram(['explain', …])` does; options that it has not are not for here. */
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
  const [stdout, stderr]: string[][] = [[], []];
  const code = await explain(
    { ...values, config: values.config ?? '', urls: positionals },
    {
      environment: {},
      standardInput: Readable.from([Buffer.from(input)]),
      isColoured: false,
      now: Date.now(),
      write: line => stdout?.push(`${line}\n`),
      writeError: line => stderr?.push(`${line}\n`),
    },
  );
  return { code, stdout: stdout?.join('') ?? '', stderr: stderr?.join('') ?? '' };
}
