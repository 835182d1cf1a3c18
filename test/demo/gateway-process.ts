/** The built gateway as a child process on free ports, with its log. Ended by its process id. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '../..');
const READY_WITHIN_MS = 5000;
const STOPPED_WITHIN_MS = 3000;
const POLL_MS = 25;

type Child = ChildProcessByStdio<null, Readable, Readable>;

export interface GatewayProcess {
  readonly origin: string;
  readonly adminOrigin: string;
  /** The output so far, stdout and stderr. */
  log(): string;
  /** @returns the log line for which `isIt` is true, as soon as it is written; `undefined` after a second. */
  findLogLine(isIt: (line: LogLine) => boolean): Promise<LogLine | undefined>;
  /** Waits until `/readyz` answers 200. @throws where the gateway ends before, or does not become ready. */
  waitUntilReady(): Promise<void>;
  /** Drains it; kills it where that takes too long. */
  close(): Promise<void>;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** Starts the gateway on `config/demo.yaml`. It can be stopped before it is ready. */
export async function startGatewayProcess(environment: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const child = spawn(process.execPath, ['dist/main.js', '--config', 'config/demo.yaml'], {
    cwd: ROOT,
    env: { ...process.env, ...environment, DEMO_PORT: '0', DEMO_ADMIN_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  const log = keepLog(child);
  const originOf = (listener: 'listen' | 'admin') => readOrigin(parseLines(log()), listener) ?? '';
  return {
    get origin() {
      return originOf('listen');
    },
    get adminOrigin() {
      return originOf('admin');
    },
    log,
    waitUntilReady: () => waitUntilReady(child, () => originOf('admin')),
    findLogLine: isIt => poll(1000, async () => parseLines(log()).find(isIt)),
    close: () => stop(child),
  };
}

/** Repeats a request until it is answered; `undefined` after `within` milliseconds. */
export async function poll<T>(within: number, ask: () => Promise<T | undefined>): Promise<T | undefined> {
  const end = Date.now() + within;
  let response = await ask();
  while (response === undefined && Date.now() < end) {
    await delay(POLL_MS);
    response = await ask();
  }
  return response;
}

/** @returns where the gateway listens, from its line `listening`; `undefined` before that is written. */
function readOrigin(lines: readonly LogLine[], listener: 'listen' | 'admin'): string | undefined {
  const address = lines.find(({ msg }) => msg === 'listening')?.[listener] as { readonly port: number } | undefined;
  return address && `http://127.0.0.1:${address.port}`;
}

async function waitUntilReady(child: Child, adminOrigin: () => string): Promise<void> {
  const isReady = async () => {
    if (hasEnded(child)) throw new Error('the gateway ended before it was ready');
    const response = await fetch(`${adminOrigin()}/readyz`).catch(() => undefined);
    return response?.ok || undefined;
  };
  if (!(await poll(READY_WITHIN_MS, isReady))) throw new Error('the gateway did not get ready');
}

function hasEnded(child: Child): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function keepLog(child: Child): () => string {
  let log = '';
  const keep = (piece: string) => {
    log += piece;
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  child.on('error', error => keep(`${error.message}\n`));
  return () => log;
}

function parseLines(log: string): LogLine[] {
  const lines = log.slice(0, log.lastIndexOf('\n') + 1).split('\n');
  return lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as LogLine);
}

async function stop(child: Child): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
  await exited;
  clearTimeout(kill);
}
