#!/usr/bin/env node
/** The only file that touches `process`: arguments, environment, signals, exit code. */

import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { check, FORMATS, isFormat } from './cli/check.ts';
import type { CommandContext } from './cli/command-context.ts';
import { explain } from './cli/explain.ts';
import { describeCommand, describeUnknownCommand, describeUnknownOption } from './cli/help.ts';
import { simulate } from './cli/simulate.ts';
import { looksLikeToken } from './cli/token-detection.ts';
import { type Diagnostic, formatDiagnostic } from './config/diagnostics/diagnostic.ts';
import { onOneLine } from './config/diagnostics/visible-text.ts';
import { loadSource } from './config/load.ts';
import { readSourceFile } from './config/source/source-file.ts';
import type { GatewayProcess } from './process/gateway-process.ts';
import { SingleProcess } from './process/single-process.ts';
import { Primary } from './process/workers/primary.ts';
import { Worker } from './process/workers/worker.ts';
import { ListenError } from './server/listener.ts';

const DEFAULT_CONFIG = '/etc/audgate/audgate.yaml';
/** Below a file that cannot be read, and that was not named in the arguments. */
const WHICH_FILE = `the configuration is the file of --config FILE, else of AUDGATE_CONFIG, else ${DEFAULT_CONFIG}`;
const USAGE_ERROR = 2;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  config: { type: 'string' },
  from: { type: 'string' },
  format: { type: 'string' },
  strict: { type: 'boolean' },
  'token-file': { type: 'string' },
  token: { type: 'string' },
  method: { type: 'string' },
  at: { type: 'string' },
  json: { type: 'boolean' },
} as const;

type Option = keyof typeof OPTIONS;
type Values = ReturnType<typeof readArguments>['values'];

interface Command {
  readonly options: readonly Option[];
  /** How many arguments it takes; `undefined`: it judges them itself. */
  readonly takes: number | undefined;
  readonly run: (values: Values, args: readonly string[]) => Promise<void> | void;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['serve', { options: ['config'], takes: 0, run: values => serve(configOf(values), values.config) }],
  ['check', { options: ['format', 'strict'], takes: 1, run: runCheck }],
  [
    'explain',
    { options: ['config', 'token-file', 'token', 'method', 'at', 'json'], takes: undefined, run: runExplain },
  ],
  ['simulate', { options: ['config', 'from', 'json'], takes: 1, run: runSimulate }],
] satisfies [string, Command][]);

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const [name = 'serve', ...args] = positionals;
  const command = COMMANDS.get(name);
  if (!command) return exitWithUsage(describeUnknownCommand(name));
  if (values.help) return print(describeCommand(positionals[0]));
  if (values.version) return print(`audgate ${readVersion()}\n`);
  const foreign = (Object.keys(values) as Option[]).find(option => !command.options.includes(option));
  if (foreign !== undefined) return exitWithUsage(`--${foreign} is no option of ${name}`);
  const { takes = args.length } = command;
  if (args.length !== takes) return exitWithUsage(`${name} takes ${takes === 0 ? 'no argument' : 'one file'}`);
  // The arguments of the others are files; explain judges its own.
  const files = command.takes === undefined ? [] : args;
  if ([configOf(values), values.from ?? '', ...files].some(isToken)) return exitWithFailure('a token is no file name');
  return command.run(values, args);
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return exitWithUsage(describeArguments(error));
  }
}

/** @param error of `parseArgs`: its message repeats the option, and may go on over several lines. */
function describeArguments(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  const option = /'-{1,2}([^'= ]+)/.exec(message)?.[1] ?? '';
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return describeUnknownOption(option, Object.keys(OPTIONS));
  if (!isOption(option)) return 'the arguments cannot be read';
  return `--${option} ${OPTIONS[option].type === 'boolean' ? 'takes no value' : 'needs a value'}`;
}

function isOption(name: string): name is Option {
  return Object.hasOwn(OPTIONS, name);
}

/** @returns whether it is a token, also in the value of an Authorization field: not repeated, as the name of a file that is not there would be. */
function isToken(file: string): boolean {
  return looksLikeToken(file.replace(/^.*bearer +/i, '').trim());
}

function configOf({ config }: Values): string {
  return config ?? process.env['AUDGATE_CONFIG'] ?? DEFAULT_CONFIG;
}

function runCheck({ format = 'text', strict = false }: Values, [file = '']: readonly string[]): void {
  if (!isFormat(format)) exitWithUsage(`--format is one of ${FORMATS.join(', ')}`);
  process.exitCode = check(file, process.env, line => print(`${line}\n`), { format, strict });
}

async function runExplain(values: Values, urls: readonly string[]): Promise<void> {
  process.exitCode = await explain({ ...values, urls, config: configOf(values) }, createContext());
}

async function runSimulate({ config, from, json = false }: Values, [log = '']: readonly string[]): Promise<void> {
  if (config === undefined) return exitWithUsage('simulate needs --config');
  process.exitCode = await simulate({ config, from, log, json }, createContext());
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

/** @param named the file as it was given; `undefined`: nobody gave one. */
async function serve(file: string, named: string | undefined): Promise<void> {
  if (cluster.isWorker)
    exitWithFailure('NODE_UNIQUE_ID is set, which makes Node.js take this for a worker of somebody else');
  const read = readSourceFile(file);
  if (!read.ok && named === undefined) return exitWithFailure(`${listProblems(read.diagnostics)}\n${WHICH_FILE}`);
  if (!read.ok) return exitWithProblems(read.diagnostics);
  const loaded = loadSource(read.source, process.env);
  if (!loaded.ok) return exitWithProblems(loaded.diagnostics);
  const { config, warnings } = loaded;
  const beginning = { config, warnings, environment: process.env, version: readVersion(), node: process.version };
  const serving = config.workers === 1 ? new SingleProcess(beginning) : new Primary(beginning);
  keepLog(serving);
  ignoreSignals(serving);
  // Signals are listened for before anything begins.
  const started = Promise.resolve().then(() => serving.start());
  onSignals(serving, started);
  await started.catch(error => failToStart(serving, error));
}

/** Told where the log is read, and where a person looks. */
function failToStart({ log }: GatewayProcess, error: Error): never {
  const failure = error instanceof ListenError ? error.failure : undefined;
  const what = failure ? 'cannot listen' : 'cannot start';
  log.event('error', what, failure ? { ...failure } : { problem: error.message });
  return exitWithFailure(`${what}: ${error.message}`);
}

/** Its last lines are not lost with a fault; and what Node.js says of our libraries (http-proxy calls util._extend) is in it. */
function keepLog({ log }: Pick<GatewayProcess, 'log'>): void {
  // Before the listener of pino, which writes what was handed to it.
  process.prependListener('exit', () => log.flush());
  process.removeAllListeners('warning').on('warning', warning => {
    log.event('warn', 'runtime warning', { name: warning.name, code: 'code' in warning ? warning.code : undefined });
  });
}

/** As one of several workers. What a terminal or an init sends to all of them is the primary's to judge. */
function work(primary: NonNullable<typeof cluster.worker>): void {
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  const worker = new Worker(primary);
  keepLog(worker);
  ignoreSignals(worker);
  process.once('uncaughtException', async fault => {
    process.stderr.write(`${fault.stack ?? fault.message}\n`);
    await worker.leave();
    process.exit(1);
  });
}

/** Else SIGUSR1 opens the inspector of Node.js, with tokens and all, and SIGUSR2 ends the process; to other servers both are harmless. */
function ignoreSignals({ log }: Pick<GatewayProcess, 'log'>): void {
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => log.event('warn', 'signal ignored', { signal, pid: process.pid }));
  }
}

/** @param started what comes before it waits for it. */
function onSignals(serving: GatewayProcess, started: Promise<void>): void {
  const drain = async (signal: NodeJS.Signals) => {
    await started;
    await serving.drain(signal);
    process.exit(0);
  };
  process.on('SIGHUP', () => started.then(() => serving.reload()));
  process.once('SIGTERM', drain).once('SIGINT', drain);
}

function exitWithProblems(problems: readonly Diagnostic[]): never {
  return exitWithFailure(listProblems(problems));
}

function listProblems(problems: readonly Diagnostic[]): string {
  return problems.map(formatDiagnostic).join('\n');
}

function exitWithFailure(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** For explain, 2 says that a request is refused. */
function exitWithUsage(message: string): never {
  // Which command it is, whatever is wrong with its arguments.
  const [name] = parseArgs({ options: OPTIONS, allowPositionals: true, strict: false }).positionals;
  process.stderr.write(`${onOneLine(message)}\n\n${describeCommand(name)}`);
  process.exit(name === 'explain' ? 1 : USAGE_ERROR);
}

/** Whoever reads may have seen enough (`| head`); the exit code says what it would have said. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') exitWithFailure(`standard output: ${error.code ?? 'cannot be written'}`);
}

/** Not for `serve`: a stream on the pipe that its log is written to would turn that pipe non-blocking. */
function print(text: string): void {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0) stdout.on('error', endQuietly);
  stdout.write(text);
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

// At once: a listener of its own comes with the log.
process.on('SIGUSR1', () => undefined);
if (cluster.worker && process.send) work(cluster.worker);
else await main();
