#!/usr/bin/env node
/** The only file that touches `process`: arguments, environment, signals, exit code. */

import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import type { CommandContext } from './cli/command-context.ts';
import { type Command, DEFAULT_CONFIG, readCommandLine } from './cli/command-line.ts';
import { type Diagnostic, formatDiagnostic } from './config/diagnostics/diagnostic.ts';
import type { GatewayProcess, StartOptions } from './process/gateway-process.ts';
import { ListenError } from './server/listener.ts';

/** Below the error of a file that cannot be read, where the arguments do not name it. */
const WHICH_FILE = `the configuration is the file of --config FILE, else of AUDGATE_CONFIG, else ${DEFAULT_CONFIG}`;

/** A command loads its modules when it runs: there are hundreds of them, and each command, a worker and `--help` need few of the others'. */
async function run(command: Command): Promise<void> {
  switch (command.kind) {
    case 'serve':
      return serve(command.file, command.isNamed);
    case 'init': {
      const { init } = await import('./cli/init.ts');
      process.exitCode = await init(command.options, createContext());
      return;
    }
    case 'check': {
      const { check } = await import('./cli/check.ts');
      process.exitCode = await check(command.file, process.env, line => print(`${line}\n`), command.options);
      return;
    }
    case 'explain': {
      const { explain } = await import('./cli/explain.ts');
      process.exitCode = await explain(command.options, createContext());
      return;
    }
    case 'simulate': {
      const { simulate } = await import('./cli/simulate.ts');
      process.exitCode = await simulate(command.options, createContext());
      return;
    }
    case 'propose': {
      const { propose } = await import('./cli/propose.ts');
      process.exitCode = await propose(command.options, createContext());
      return;
    }
    case 'probe': {
      const { probe } = await import('./cli/probe.ts');
      process.exitCode = await probe(command.options, createContext());
      return;
    }
    case 'help':
      return print(command.text);
    case 'version':
      return print(`audgate ${readVersion()}\n`);
    case 'refused':
      process.stderr.write(command.text);
      process.exit(command.exitCode);
  }
}

function createContext(): CommandContext {
  const { env, stdin, stdout, stderr } = process;
  return {
    environment: env,
    standardInput: stdin,
    isColoured: stdout.isTTY === true && !env['NO_COLOR'],
    now: Date.now(),
    write: line => print(`${line}\n`),
    writeError: line => stderr.write(`${line}\n`),
  };
}

async function serve(file: string, isNamed: boolean): Promise<void> {
  if (cluster.isWorker)
    exitWithFailure('NODE_UNIQUE_ID is set, which makes Node.js take this for a worker of somebody else');
  const { loadSource } = await import('./config/load.ts');
  const { readSourceFile } = await import('./config/source/source-file.ts');
  const read = readSourceFile(file);
  if (!read.ok) return exitWithFailure(listDiagnostics(read.diagnostics) + (isNamed ? '' : `\n${WHICH_FILE}`));
  const loaded = loadSource(read.source, process.env);
  if (!loaded.ok) return exitWithFailure(listDiagnostics(loaded.diagnostics));
  const { config, warnings } = loaded;
  const options = { config, warnings, environment: process.env, version: readVersion(), node: process.version };
  const gateway = await createProcess(options);
  keepLog(gateway);
  ignoreSignals(gateway);
  // The listeners for signals are added before it starts.
  const started = Promise.resolve().then(() => gateway.start());
  onSignals(gateway, started);
  await started.catch(error => failToStart(gateway, error));
}

async function createProcess(options: StartOptions): Promise<GatewayProcess> {
  if (options.config.workers === 1) {
    const { SingleProcess } = await import('./process/single-process.ts');
    return new SingleProcess(options);
  }
  const { Primary } = await import('./process/workers/primary.ts');
  return new Primary(options);
}

/** Reports it in the log, and on standard error for the person who started it. */
function failToStart({ log }: GatewayProcess, error: Error): never {
  const failure = error instanceof ListenError ? error.failure : undefined;
  const what = failure ? 'cannot listen' : 'cannot start';
  log.event('error', what, failure ? { ...failure } : { problem: error.message });
  return exitWithFailure(`${what}: ${error.message}`);
}

/** Writes the last lines of the log also where the process ends with a fault; logs the warnings of Node.js (http-proxy calls util._extend). */
function keepLog({ log }: Pick<GatewayProcess, 'log'>): void {
  // Before the listener of pino, which writes what it has got by then.
  process.prependListener('exit', () => log.flush());
  process.removeAllListeners('warning').on('warning', warning => {
    log.event('warn', 'runtime warning', { name: warning.name, code: 'code' in warning ? warning.code : undefined });
  });
}

/** Runs as one of several workers. Signals that a terminal or an init sends to all of them are handled by the primary only. */
async function work(primary: NonNullable<typeof cluster.worker>): Promise<void> {
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  const { Worker } = await import('./process/workers/worker.ts');
  const worker = new Worker(primary);
  keepLog(worker);
  ignoreSignals(worker);
  process.once('uncaughtException', async fault => {
    process.stderr.write(`${fault.stack ?? fault.message}\n`);
    await worker.sendFinalCounts();
    process.exit(1);
  });
}

/** By default SIGUSR1 opens the inspector of Node.js, which can read tokens, and SIGUSR2 ends the process. */
function ignoreSignals({ log }: Pick<GatewayProcess, 'log'>): void {
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => log.event('warn', 'signal ignored', { signal, pid: process.pid }));
  }
}

/** @param started signals that come before it is settled wait for it. */
function onSignals(gateway: GatewayProcess, started: Promise<void>): void {
  let isDraining = false;
  const drain = async (signal: NodeJS.Signals) => {
    if (isDraining) return;
    isDraining = true;
    await started;
    await gateway.drain(signal);
    process.exit(0);
  };
  process.on('SIGHUP', () => started.then(() => gateway.reload()));
  // A supervisor may send SIGTERM again; Ctrl-C again is somebody who does not want to wait.
  process.on('SIGTERM', drain).once('SIGINT', drain);
}

function listDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(formatDiagnostic).join('\n');
}

function exitWithFailure(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** A reader that closes the pipe early (`| head`) is no error: the exit code stays that of the command. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') exitWithFailure(`standard output: ${error.code ?? 'cannot be written'}`);
}

/** Not for `serve`: a stream on the pipe that its log is written to would make that pipe non-blocking. */
function print(text: string): void {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0) stdout.on('error', onOutputError);
  stdout.write(text);
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

// At once: the listener that logs it is added when there is a log.
process.on('SIGUSR1', () => undefined);
if (cluster.worker && process.send) await work(cluster.worker);
else await run(readCommandLine(process.argv.slice(2), process.env['AUDGATE_CONFIG']));
