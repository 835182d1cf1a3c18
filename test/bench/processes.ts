/** The processes that a run starts: pinned to cores, and ended with this process by their ids, also on Ctrl-C. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { listTree } from './proc.ts';

/** The cores of the candidate, and those of upstream and load. */
export const MEASURED = '0';
export const MEASURING = '1';
export const BOTH = '0,1';

const ENDED_WITHIN = 3_000;

export interface StartOptions {
  /** Cores, as `taskset -c` takes them. */
  readonly cores: string;
  /** A file to which stdout is appended; without one it is discarded. */
  readonly output?: string;
  /** A file for stderr. */
  readonly errors: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface StartedProcess {
  readonly pid: number;
  hasEnded(): boolean;
  /** The end of its stderr. */
  stderr(): string;
  /** Sends SIGTERM, and SIGKILL where it does not end. */
  end(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void endAll());

/** Starts `command` on its cores; taskset becomes it, so the process id is its own. */
export function start(command: string, args: readonly string[], options: StartOptions): StartedProcess {
  const output = options.output === undefined ? undefined : openSync(options.output, 'a');
  const errors = openSync(options.errors, 'a');
  const child = spawn('taskset', ['-c', options.cores, command, ...args], {
    stdio: ['ignore', output ?? 'ignore', errors],
    env: { ...process.env, ...options.env },
    // Not in this process group: on Ctrl-C this process ends it, in order.
    detached: true,
  });
  closeSync(errors);
  if (output !== undefined) closeSync(output);
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  const hasEnded = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const stderr = () => readFileSync(options.errors, 'utf8').trim().slice(-500);
  return { pid: child.pid ?? 0, hasEnded, stderr, end: () => end(child) };
}

/** Runs `command` to its end. @returns what it wrote to stdout. @throws where its status is not 0, with its stderr. */
export async function run(
  command: string,
  args: readonly string[],
  options: Partial<StartOptions> = {},
): Promise<string> {
  const pinned = options.cores === undefined ? [command, ...args] : ['taskset', '-c', options.cores, command, ...args];
  const [program = command, ...rest] = pinned;
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } });
  running.add(child);
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  try {
    const [status] = await once(child, 'close');
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${(await errors).slice(-2_000)}`);
    return await output;
  } finally {
    running.delete(child);
  }
}

/** Moves `pid` and its children to other cores. */
export async function pin(pid: number, cores: string): Promise<void> {
  for (const each of listTree(pid)) await run('taskset', ['-a', '-c', '-p', cores, String(each)]);
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function end(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([exited, delay(ENDED_WITHIN, undefined, { ref: false })]);
  if (!running.has(child)) return;
  child.kill('SIGKILL');
  await exited;
}

async function endAll(): Promise<void> {
  await Promise.all([...running].map(end));
  process.exit(130);
}
