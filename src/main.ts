#!/usr/bin/env node
/** The only file that touches `process`: arguments, environment, signals, exit code. */

import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { check } from './cli/check.ts';
import { Primary } from './cluster/primary.ts';
import { Worker } from './cluster/worker.ts';
import { loadSource, readSource } from './config/load.ts';
import { formatProblem, type Problem } from './config/problem.ts';
import type { Serving } from './serving.ts';
import { SingleProcess } from './single-process.ts';

const HELP = `audgate: a gateway that forwards only tokens addressed to the API behind it

Usage:
  audgate [serve] --config FILE   run the gateway
  audgate check FILE              load and lint a configuration, print every problem
  audgate --help | --version

The configuration is the file of --config, of AUDGATE_CONFIG, or /etc/audgate/audgate.yaml.
It is loaded again when it changes, and on SIGHUP. SIGTERM and SIGINT finish what was accepted, then exit with 0.
`;

const DEFAULT_CONFIG = '/etc/audgate/audgate.yaml';
const USAGE_ERROR = 2;

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const [command = 'serve', ...rest] = positionals;
  if (values.help) return print(HELP);
  if (values.version) return print(`audgate ${readVersion()}\n`);
  if (command === 'check' && rest.length === 1 && rest[0] !== undefined) return runCheck(rest[0]);
  if (command !== 'serve' || rest.length > 0) return exitWithUsage(`unknown command: ${positionals.join(' ')}`);
  return serve(values.config ?? process.env['AUDGATE_CONFIG'] ?? DEFAULT_CONFIG);
}

function readArguments() {
  try {
    return parseArgs({
      options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } },
      allowPositionals: true,
    });
  } catch (error) {
    return exitWithUsage(error instanceof Error ? error.message : 'unreadable arguments');
  }
}

function runCheck(file: string): void {
  process.exitCode = check(file, process.env, line => print(`${line}\n`));
}

async function serve(file: string): Promise<void> {
  const read = readSource(file);
  if (!read.ok) return exitWithProblems(read.problems);
  const loaded = loadSource(read.source, process.env);
  if (!loaded.ok) return exitWithProblems(loaded.problems);
  const { config, warnings } = loaded;
  const beginning = { source: read.source, config, warnings, environment: process.env, version: readVersion() };
  const serving = config.workers === 1 ? new SingleProcess(beginning) : new Primary(beginning);
  logRuntimeWarnings(serving);
  await serving.start().catch(error => exitWithFailure(`cannot listen: ${error.message}`));
  onSignals(serving);
}

/** Of Node.js about our libraries (http-proxy calls util._extend). In the log, where such things are looked for. */
function logRuntimeWarnings({ log }: Pick<Serving, 'log'>): void {
  process.removeAllListeners('warning').on('warning', warning => {
    log.event('warn', 'runtime warning', { name: warning.name, code: 'code' in warning ? warning.code : undefined });
  });
}

/** As one of several workers. What a terminal or an init sends to all of them is the primary's to judge. */
function work(primary: NonNullable<typeof cluster.worker>): void {
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  const worker = new Worker(primary, process.env);
  logRuntimeWarnings(worker);
  process.once('uncaughtException', async fault => {
    process.stderr.write(`${fault.stack ?? fault.message}\n`);
    await worker.leave();
    process.exit(1);
  });
}

function onSignals(serving: Serving): void {
  const drain = async (signal: NodeJS.Signals) => {
    await serving.drain(signal);
    process.exit(0);
  };
  process.on('SIGHUP', () => serving.reload());
  process.once('SIGTERM', drain).once('SIGINT', drain);
}

function exitWithProblems(problems: readonly Problem[]): never {
  return exitWithFailure(problems.map(formatProblem).join('\n'));
}

function exitWithFailure(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function exitWithUsage(message: string): never {
  process.stderr.write(`${message}\n\n${HELP}`);
  process.exit(USAGE_ERROR);
}

function print(text: string): void {
  process.stdout.write(text);
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

if (cluster.worker) work(cluster.worker);
else await main();
