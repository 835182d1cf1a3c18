/** The built program (`npm run build` before): run to its end, or launched and watched. */

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import type { LogLine } from './gateway.ts';

export interface ProgramOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  /** Default: the program gets no standard input. */
  readonly stdin?: 'pipe' | 'ignore';
  /** Options of Node.js itself. */
  readonly nodeOptions?: readonly string[];
  /** A command that runs the program, which is appended to it. */
  readonly through?: readonly string[];
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  /** The exit code, once both streams have ended. */
  readonly exit: Promise<number | null>;
  stdout(): string;
  stderr(): string;
  /** The lines of the log so far; those with this `msg` where it is given. */
  lines(message?: string): readonly LogLine[];
  /** @returns the `count`th line with this `msg`, once it is there. @throws where the process ends before. */
  line(message: string, count?: number): Promise<LogLine>;
}

export const MAIN = join(import.meta.dirname, '../../dist/main.js');

const launched = new Set<RunningProgram>();

/** Starts `audgate` with `args`, by default with this process's environment. */
export function launchProgram(args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const { nodeOptions = [], stdin = 'ignore', through = [], ...rest } = options;
  const [command = '', ...given] = [...through, process.execPath, ...nodeOptions, MAIN, ...args];
  const child = spawn(command, given, {
    ...rest,
    stdio: [stdin, 'pipe', 'pipe'],
  });
  // It may end before it has read everything.
  child.stdin?.on('error', () => undefined);
  // `close` comes once both streams have ended; `exit` may come before the last lines.
  const exit = new Promise<number | null>(resolve => child.once('close', code => resolve(code)));
  const program = { child, exit, ...recordOutput(child) };
  launched.add(program);
  exit.then(() => launched.delete(program));
  return program;
}

/** Runs `audgate` with `args` and `input` on standard input until it ends by itself. */
export async function runProgram(
  args: readonly string[],
  { input = '', ...options }: ProgramOptions & { readonly input?: string } = {},
): Promise<Finished> {
  const env = { PATH: process.env['PATH'], TZ: 'UTC' };
  const { child, exit, stdout, stderr } = launchProgram(args, { env, ...options, stdin: 'pipe' });
  child.stdin?.end(input);
  const code = await exit;
  return { code, stdout: stdout(), stderr: stderr() };
}

/** @returns the lines of a whole log. */
export function parseLog(stdout: string): LogLine[] {
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line));
}

/** For `afterEach`: kills every program that this test file has launched and that still runs. */
export async function killPrograms(): Promise<void> {
  await Promise.all([...launched].map(killProgram));
}

export async function killProgram({ child, exit }: RunningProgram): Promise<void> {
  child.kill('SIGKILL');
  await exit;
}

function recordOutput(child: ChildProcess): Omit<RunningProgram, 'child' | 'exit'> {
  const changes = new EventEmitter().setMaxListeners(100);
  const lines: LogLine[] = [];
  /** Searched after each piece of the log, of which a gateway under load writes many. */
  const byMessage = new Map<unknown, LogLine[]>();
  const text = { stdout: '', stderr: '' };
  let rest = '';
  const add = (line: LogLine) => {
    lines.push(line);
    const known = byMessage.get(line['msg']);
    if (known) known.push(line);
    else byMessage.set(line['msg'], [line]);
  };
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text.stdout += piece;
    const whole = `${rest}${piece}`.split('\n');
    rest = whole.pop() ?? '';
    for (const each of whole) if (each.startsWith('{"')) add(JSON.parse(each) as LogLine);
    changes.emit('change');
  });
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text.stderr += piece;
  });
  child.once('close', () => changes.emit('change'));
  const line = async (message: string, count = 1): Promise<LogLine> => {
    for (;;) {
      const found = byMessage.get(message)?.[count - 1];
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before "${message}": ${text.stderr}`);
      await once(changes, 'change');
    }
  };
  return {
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    lines: message => (message === undefined ? lines : (byMessage.get(message) ?? [])),
    line,
  };
}
