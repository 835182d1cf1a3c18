/** The built gateway as a process, with a YAML file of its own that can be changed, signals, metrics and readiness. */

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogLine, readSample } from './gateway.ts';
import { killProgram, launchProgram, type RunningProgram } from './program.ts';
import { eventually, pause } from './waiting.ts';

export interface GatewayProcess extends RunningProgram {
  readonly port: number;
  readonly adminPort: number;
  /** The configuration. Its folder is the process's own. */
  readonly file: string;
  /** @returns the configuration with `yaml` for everything but its listeners. */
  configure(yaml: string): string;
  scrape(): Promise<string>;
  sample(series: string): Promise<number>;
  readiness(): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

export interface GatewayProcessOptions {
  /** Writes the configuration `text` into `folder`. @returns the file for `--config`. Default: `audgate.yaml` there. */
  readonly place?: (folder: string, text: string) => string;
  /** Options of Node.js itself. */
  readonly nodeOptions?: readonly string[];
  /** A command that runs the gateway. */
  readonly through?: readonly string[];
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

const running = new Set<GatewayProcess>();

/** Starts the program and waits until it listens and is ready. @param yaml without `listen` and `admin`. */
export async function startGatewayProcess(
  yaml: string,
  { place = writeFile, nodeOptions = [], through = [], environment = {} }: GatewayProcessOptions = {},
): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const configure = (text: string) =>
    `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms, limit: 10s }\n${text}`;
  const file = place(folder, configure(yaml));
  const program = launchProgram(['--config', file], {
    ...{ cwd: folder, nodeOptions, through },
    env: { ...process.env, ...environment },
  });
  const { port, adminPort } = readPorts(await program.line('listening'));
  const scrape = async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const readiness = async () => {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const gateway: GatewayProcess = {
    ...program,
    ...{ port, adminPort, file, configure, scrape, readiness },
    sample: async series => readSample(await scrape(), series),
    close: async () => {
      if (!running.delete(gateway)) return;
      await killProgram(program);
      rmSync(folder, { recursive: true });
    },
  };
  running.add(gateway);
  await eventually(async () => (await readiness()).status === 200);
  return gateway;
}

/** For `afterEach`: closes every gateway process that this test file has started. */
export async function closeGatewayProcesses(): Promise<void> {
  await Promise.all([...running].map(gateway => gateway.close()));
}

/** Milliseconds after which a gateway treats a save as finished. */
const SETTLED = 500;

/**
 * Changes files of a gateway and sends SIGHUP as one event: the gateway is stopped meanwhile. If it noticed the change first
 * (this process may be late with its signal, or the gateway may be handling an earlier save), it would load twice.
 */
export async function changeAndSignal(child: ChildProcess, change: () => void): Promise<void> {
  await pause(SETTLED);
  child.kill('SIGSTOP');
  change();
  child.kill('SIGHUP');
  child.kill('SIGCONT');
}

/** Replaces the configuration by `yaml` (without listeners), sends SIGHUP and waits until it is loaded. */
export async function reloadWith(gateway: GatewayProcess, yaml: string): Promise<void> {
  const loaded = gateway.lines('configuration loaded').length;
  await changeAndSignal(gateway.child, () => writeFileSync(gateway.file, gateway.configure(yaml)));
  await gateway.line('configuration loaded', loaded + 1);
}

/** @returns the process ids of the children of `pid`: for a gateway, its workers. */
export function childProcessIds(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** @returns whether it is ready, and no worker is missing. */
export async function isWhole({ readiness }: Pick<GatewayProcess, 'readiness'>): Promise<boolean> {
  const { status, body } = await readiness();
  return status === 200 && body['workers_missing'] === undefined;
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
