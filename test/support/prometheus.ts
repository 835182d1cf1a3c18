/** Prometheus (Debian package `prometheus`) on a free port of loopback, with its data in a temporary folder. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reservePort } from './reserved-port.ts';

/** One series of a result; a vector has one sample in each. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly number[];
}

export interface Range {
  /** Seconds since the epoch. */
  readonly start: number;
  readonly end: number;
  /** Seconds. */
  readonly step: number;
}

export interface Prometheus {
  /** Evaluates `expression` at `when`, a time (default: now) or a range. @throws with the error of Prometheus. */
  query(expression: string, when?: number | Range): Promise<readonly Series[]>;
  /** Polls until `expression` has a result. */
  until(expression: string, milliseconds?: number): Promise<void>;
  /** @returns `data` of an address of the HTTP API, such as `/api/v1/rules`. */
  get(path: string): Promise<unknown>;
  close(): Promise<void>;
}

/** @returns whether `program` (`prometheus`, `promtool`) is installed here. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

/**
 * @param config a whole configuration as YAML, with absolute file names.
 * @param features of `--enable-feature`.
 */
export async function startPrometheus(config: string, features: readonly string[] = []): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-prometheus-'));
  const file = join(folder, 'prometheus.yaml');
  writeFileSync(file, config);
  const address = `127.0.0.1:${await reservePort()}`;
  const child = spawn(
    'prometheus',
    [
      ...[`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`],
      ...features.map(feature => `--enable-feature=${feature}`),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'close');
  let said = '';
  const ready = new Promise<void>(resolve => {
    child.stderr.setEncoding('utf8').on('data', piece => {
      said += piece;
      if (said.includes('ready to receive web requests')) resolve();
    });
  });
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  };
  const isUp = await Promise.race([ready.then(() => true), ended.then(() => false)]);
  if (!isUp) {
    await close();
    throw new Error(`Prometheus did not start: ${said.slice(-2000)}`);
  }
  return { ...createClient(`http://${address}`), close };
}

function createClient(origin: string): Omit<Prometheus, 'close'> {
  const get = async (path: string) => readData(await fetch(`${origin}${path}`));
  const query = async (expression: string, when: number | Range = Date.now() / 1000) => {
    const body = new URLSearchParams({ query: expression });
    const times = typeof when === 'number' ? { time: when } : when;
    for (const [name, value] of Object.entries(times)) body.set(name, String(value));
    const path = typeof when === 'number' ? '/api/v1/query' : '/api/v1/query_range';
    return readSeries(await readData(await fetch(`${origin}${path}`, { method: 'POST', body })));
  };
  const until = async (expression: string, milliseconds = 60_000) => {
    for (const end = Date.now() + milliseconds; (await query(expression)).length === 0; await pause()) {
      if (Date.now() > end) throw new Error(`nothing within ${milliseconds} ms: ${expression}`);
    }
  };
  return { get, query, until };
}

async function readData(response: Response): Promise<unknown> {
  const answer = (await response.json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data?: unknown;
  };
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data;
}

type Sample = readonly [time: number, value: string];

function readSeries(data: unknown): Series[] {
  const { result } = data as {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: Sample;
      readonly values?: readonly Sample[];
    }[];
  };
  return result.map(({ metric, value, values }) => ({
    labels: metric,
    samples: (values ?? (value ? [value] : [])).map(([, text]) => Number(text)),
  }));
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 50));
}
