#!/usr/bin/env node
/** The only file that touches `process`: arguments, environment, signals, exit code. */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { check, FORMATS, isFormat } from './cli/check.ts';
import { explain } from './cli/explain.ts';
import { simulate } from './cli/simulate.ts';
import type { Config } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { formatProblem, type Problem } from './config/problem.ts';
import { Gateway } from './gateway.ts';
import { Server } from './server.ts';
import { createLog, openStandardOutput } from './telemetry/log.ts';
import { Metrics } from './telemetry/metrics.ts';
import { RecentDenials } from './telemetry/recent-denials.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

const HELP = `audgate: a gateway that forwards only tokens addressed to the API behind it

Usage:
  audgate [serve] --config FILE   run the gateway
  audgate check [--format text|json|github] [--strict] FILE
                                  load and lint a configuration, print every problem; --strict: warnings are errors
  audgate explain --config FILE [--token-file F|-] [--method GET] [--at RFC3339] [--json] URL
                                  why a request is forwarded (exit 0) or refused (exit 2), and what to change
  audgate simulate --config NEW [--json] FILE.ndjson
                                  replay an access log (- for standard input) against another configuration
                                  and print each decision that would change; exit 0 none, 3 some
  audgate --help | --version

The configuration is the file of --config, of AUDGATE_CONFIG, or /etc/audgate/audgate.yaml.
SIGHUP reloads it. SIGTERM and SIGINT finish what was accepted, then exit with 0.
`;

const DEFAULT_CONFIG = '/etc/audgate/audgate.yaml';
const USAGE_ERROR = 2;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  config: { type: 'string' },
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
  ['serve', { options: ['config'], takes: 0, run: values => serve(configOf(values)) }],
  ['check', { options: ['format', 'strict'], takes: 1, run: runCheck }],
  [
    'explain',
    { options: ['config', 'token-file', 'token', 'method', 'at', 'json'], takes: undefined, run: runExplain },
  ],
  ['simulate', { options: ['config', 'json'], takes: 1, run: runSimulate }],
] satisfies [string, Command][]);

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return print(HELP);
  if (values.version) return print(`audgate ${readVersion()}\n`);
  const [name = 'serve', ...args] = positionals;
  const command = COMMANDS.get(name);
  // Never echoed: what was meant for another command may be a token.
  if (!command) return exitWithUsage('unknown command');
  const foreign = (Object.keys(values) as Option[]).find(option => !command.options.includes(option));
  if (foreign !== undefined) return exitWithUsage(`--${foreign} is no option of ${name}`);
  const { takes = args.length } = command;
  if (args.length !== takes) return exitWithUsage(`${name} takes ${takes === 0 ? 'no argument' : 'one file'}`);
  return command.run(values, args);
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return exitWithUsage(error instanceof Error ? error.message : 'unreadable arguments');
  }
}

function configOf({ config }: Values): string {
  return config ?? process.env['AUDGATE_CONFIG'] ?? DEFAULT_CONFIG;
}

function runCheck({ format = 'text', strict = false }: Values, [file = '']: readonly string[]): void {
  if (!isFormat(format)) exitWithUsage(`--format is one of ${FORMATS.join(', ')}`);
  process.exitCode = check(file, process.env, line => print(`${line}\n`), { format, strict });
}

async function runExplain(values: Values, urls: readonly string[]): Promise<void> {
  const { env, stdin, stdout, stderr } = process;
  process.exitCode = await explain(
    { ...values, urls, config: configOf(values) },
    {
      environment: env,
      standardInput: stdin,
      isColoured: stdout.isTTY === true && !env['NO_COLOR'],
      now: Date.now(),
      write: line => print(`${line}\n`),
      complain: line => stderr.write(`${line}\n`),
    },
  );
}

async function runSimulate({ config, json = false }: Values, [log = '']: readonly string[]): Promise<void> {
  if (config === undefined) return exitWithUsage('simulate needs --config');
  const { env, stdin, stderr } = process;
  process.exitCode = await simulate(
    { config, log, json },
    {
      environment: env,
      input: stdin,
      write: print,
      complain: text => stderr.write(text),
      draw: stderr.isTTY ? text => stderr.write(text) : undefined,
    },
  );
}

async function serve(file: string): Promise<void> {
  const loaded = loadConfig(file, process.env);
  if (!loaded.ok) return exitWithProblems(loaded.problems);

  const metrics: Metrics = new Metrics({ keySets: () => server.gateway.verifier.status() });
  const log = createLog(openStandardOutput(() => metrics.recordDroppedLine()));
  const telemetry: Telemetry = { metrics, log, denials: new RecentDenials() };
  const { config, warnings } = loaded;
  const server = new Server(new Gateway(config, telemetry), telemetry, { version: readVersion(), warnings });
  logLoaded(telemetry, config, warnings);
  metrics.recordLoad();
  // Of Node.js about our libraries (http-proxy calls util._extend). In the log, where such things are looked for.
  process.removeAllListeners('warning').on('warning', warning => {
    log.event('warn', 'runtime warning', { name: warning.name, code: 'code' in warning ? warning.code : undefined });
  });

  // The APIs behind us do not wait for an issuer that is slow to answer: /readyz tells when every one has a key.
  const fetching = server.gateway.start();
  const listening = await server.listen().catch(error => exitWithFailure(`cannot listen: ${error.message}`));
  log.event('info', 'listening', { listen: listening.listen, admin: listening.admin, version: readVersion() });

  onSignals(server, telemetry, file);
  await fetching;
}

function onSignals(server: Server, telemetry: Telemetry, file: string): void {
  let reloading = Promise.resolve();
  process.on('SIGHUP', () => {
    reloading = reloading.then(() => reload(server, telemetry, file));
  });
  const drain = async (signal: NodeJS.Signals) => {
    telemetry.log.event('info', 'draining', { signal });
    await server.drain();
    telemetry.log.event('info', 'stopped');
    await telemetry.log.close();
    process.exit(0);
  };
  process.once('SIGTERM', drain).once('SIGINT', drain);
}

/** Everything that can fail comes before the swap; a bad file leaves the old configuration serving. */
async function reload(server: Server, telemetry: Telemetry, file: string): Promise<void> {
  const loaded = loadConfig(file, process.env);
  const after = loaded.ok ? createNext(loaded.config, server, telemetry) : undefined;
  if (!loaded.ok || !after) {
    telemetry.metrics.recordReload('failure');
    const problems = loaded.ok ? ['the configuration could not be put to use'] : loaded.problems.map(formatProblem);
    telemetry.log.event('error', 'reload failed', { problems });
    return;
  }
  await after.start();
  server.swap(after, loaded.warnings);
  telemetry.metrics.recordReload('success');
  logLoaded(telemetry, loaded.config, loaded.warnings);
}

function createNext(config: Config, server: Server, telemetry: Telemetry): Gateway | undefined {
  try {
    return new Gateway(config, telemetry, server.gateway);
  } catch {
    return undefined;
  }
}

function logLoaded({ log }: Telemetry, { source, routes, issuers }: Config, warnings: readonly Problem[]): void {
  log.event('info', 'configuration loaded', { ...source, routes: routes.length, issuers: issuers.size });
  for (const warning of warnings) log.event('warn', 'configuration warning', { warning: formatProblem(warning) });
}

function exitWithProblems(problems: readonly Problem[]): never {
  return exitWithFailure(problems.map(formatProblem).join('\n'));
}

function exitWithFailure(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** For explain, 2 says that a request is refused. */
function exitWithUsage(message: string): never {
  process.stderr.write(`${message}\n\n${HELP}`);
  process.exit(process.argv.includes('explain') ? 1 : USAGE_ERROR);
}

function print(text: string): void {
  process.stdout.write(text);
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

await main();
