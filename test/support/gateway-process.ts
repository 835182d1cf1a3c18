/** The built gateway as operators run it, with a YAML file of its own: changed, signalled, scraped and ended by its id. */

import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogLine, readSample } from './gateway.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly adminPort: number;
  /** The configuration. Its folder is the process's own. */
  readonly file: string;
  /** Of both streams, once they have ended. */
  readonly exit: Promise<number | null>;
  stderr(): string;
  /** The lines of the log so far. */
  lines(): readonly LogLine[];
  /** @returns the `count`th line with this `msg`, once it is there; throws where the process ends before. */
  line(message: string, count?: number): Promise<LogLine>;
  /** @returns the configuration with `yaml` for everything but its listeners. */
  configure(yaml: string): string;
  scrape(): Promise<string>;
  sample(series: string): Promise<number>;
  readiness(): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

/** Starts `dist/main.js` and waits until it listens and is ready. @param yaml without `listen` and `admin`. */
export async function startGatewayProcess(
  yaml: string,
  place: (folder: string, text: string) => string = writeFile,
  nodeOptions: readonly string[] = [],
): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const configure = (text: string) =>
    `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms, limit: 10s }\n${text}`;
  const file = place(folder, configure(yaml));
  const child = spawn(process.execPath, [...nodeOptions, join(ROOT, 'dist/main.js'), '--config', file], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = readOutput(child);
  const exit = new Promise<number | null>(resolve => child.once('close', code => resolve(code)));
  const { port, adminPort } = readPorts(await output.line('listening'));
  const scrape = async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const readiness = async () => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const gateway: GatewayProcess = {
    ...{ child, port, adminPort, file, exit, configure, scrape, readiness, ...output },
    sample: async series => readSample(await scrape(), series),
    close: async () => {
      child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true });
    },
  };
  await eventually(async () => (await readiness()).status === 200);
  return gateway;
}

/** Milliseconds in which a gateway has seen that a save is over. */
const SETTLED = 500;

/**
 * Changes files of a gateway and sends SIGHUP, as one event for it: one that saw the change first, because this process was
 * late with its signal, or because it was about to look at a save before, would load it twice.
 */
export async function changeAndSignal(child: ChildProcess, change: () => void): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, SETTLED));
  child.kill('SIGSTOP');
  change();
  child.kill('SIGHUP');
  child.kill('SIGCONT');
}

/** @returns whether it is ready, and no worker is missing. */
export async function isWhole({ readiness }: Pick<GatewayProcess, 'readiness'>): Promise<boolean> {
  const { status, body } = await readiness();
  return status === 200 && body['workers_missing'] === undefined;
}

/** Asks until it is so: for what no event tells. The limit is for what never becomes so, however busy the machine is. */
export async function eventually(isSo: () => boolean | Promise<boolean>, milliseconds = 30_000): Promise<void> {
  for (const end = Date.now() + milliseconds; !(await isSo()); await new Promise(resolve => setTimeout(resolve, 20))) {
    if (Date.now() > end) throw new Error('it did not become so');
  }
}

function writeFile(folder: string, text: string): string {
  writeFileSync(join(folder, 'audgate.yaml'), text);
  return join(folder, 'audgate.yaml');
}

/** @returns where a gateway listens, from its line `listening`. */
export function readPorts({ listen, admin }: LogLine): { readonly port: number; readonly adminPort: number } {
  return { port: portOf(listen), adminPort: portOf(admin) };
}

function portOf(address: unknown): number {
  return (address as { readonly port: number }).port;
}

function readOutput(child: ChildProcess) {
  const changes = new EventEmitter().setMaxListeners(100);
  const lines: LogLine[] = [];
  /** Looked up at each piece of the log, of which a gateway under load writes many. */
  const byMessage = new Map<unknown, LogLine[]>();
  let rest = '';
  let complaints = '';
  const keep = (line: LogLine) => {
    lines.push(line);
    const known = byMessage.get(line['msg']);
    if (known) known.push(line);
    else byMessage.set(line['msg'], [line]);
  };
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    const whole = `${rest}${piece}`.split('\n');
    rest = whole.pop() ?? '';
    for (const text of whole) keep(JSON.parse(text) as LogLine);
    changes.emit('change');
  });
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    complaints += piece;
  });
  child.once('close', () => changes.emit('change'));
  const line = async (message: string, count = 1): Promise<LogLine> => {
    for (;;) {
      const found = byMessage.get(message)?.[count - 1];
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before "${message}": ${complaints}`);
      await once(changes, 'change');
    }
  };
  return { lines: () => lines, line, stderr: () => complaints };
}
