/** The built program, run to its end. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = join(import.meta.dirname, '../../dist/main.js');

/** Runs `audgate` with `args` and `input` on standard input, in the folder `cwd`; needs `npm run build` before. */
export async function runCommand(args: readonly string[], input = '', cwd = process.cwd()): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'], TZ: 'UTC' }, cwd });
  child.stdin.on('error', () => undefined); // It may have ended before it read all.
  child.stdin.end(input);
  return untilEnd(child);
}

/** @returns what `child` said until it ended by itself, and its exit code. */
export async function untilEnd(child: ChildProcessByStdio<Writable | null, Readable, Readable>): Promise<Finished> {
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}
