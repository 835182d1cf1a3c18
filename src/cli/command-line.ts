/** Arguments → what is to be done, or what is wrong with them. Pure: main.ts runs it. */

import { parseArgs } from 'node:util';
import { onOneLine } from '../config/diagnostics/visible-text.ts';
import type { CheckOptions } from './check.ts';
import type { ExplainOptions } from './explain.ts';
import { FORMATS, isFormat } from './format-names.ts';
import { describeCommand, describeUnknownCommand, describeUnknownOption } from './help.ts';
import { type InitOptions, readInitArguments } from './init/arguments.ts';
import type { ProbeOptions } from './probe/arguments.ts';
import type { ProposeOptions } from './propose.ts';
import type { SimulateOptions } from './simulate.ts';
import { looksLikeToken } from './token-detection.ts';

export const DEFAULT_CONFIG = '/etc/audgate/audgate.yaml';

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  config: { type: 'string' },
  from: { type: 'string' },
  format: { type: 'string' },
  strict: { type: 'boolean' },
  online: { type: 'boolean' },
  'token-file': { type: 'string' },
  token: { type: 'string' },
  method: { type: 'string' },
  at: { type: 'string' },
  json: { type: 'boolean' },
  issuer: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  upstream: { type: 'string', multiple: true },
  all: { type: 'boolean' },
  base: { type: 'string' },
  'body-file': { type: 'string' },
  'expired-token-file': { type: 'string' },
  header: { type: 'string', multiple: true },
  'i-may-test-this-host': { type: 'boolean' },
  'id-token-file': { type: 'string' },
  'insufficient-token-file': { type: 'string' },
  junit: { type: 'string' },
  jwks: { type: 'string' },
  'mint-key': { type: 'string' },
  'other-token-file': { type: 'string', multiple: true },
  rate: { type: 'string' },
  'sibling-url': { type: 'string' },
} as const;

type Option = keyof typeof OPTIONS;
type Values = ReturnType<typeof parse>['values'];

export type Command =
  /** `isNamed`: the file is that of the arguments, not of the environment or the default. */
  | { readonly kind: 'serve'; readonly file: string; readonly isNamed: boolean }
  | { readonly kind: 'init'; readonly options: InitOptions }
  | { readonly kind: 'check'; readonly file: string; readonly options: CheckOptions }
  | { readonly kind: 'explain'; readonly options: ExplainOptions }
  | { readonly kind: 'simulate'; readonly options: SimulateOptions }
  | { readonly kind: 'propose'; readonly options: ProposeOptions }
  | { readonly kind: 'probe'; readonly options: ProbeOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  /** The arguments are not valid. `text` is for standard error, and repeats no token. */
  | { readonly kind: 'refused'; readonly text: string; readonly exitCode: number };

/** What is wrong with the arguments; the usage is added to it. */
interface UsageError {
  readonly kind: 'usage error';
  readonly message: string;
}

interface Syntax {
  readonly options: readonly Option[];
  /** How many arguments it takes, which are files; `undefined`: the command checks them itself. */
  readonly takes: number | undefined;
  readonly read: (values: Values, args: readonly string[], config: string) => Command | UsageError;
}

const PROBE_OPTIONS: readonly Option[] = [
  ...(['all', 'base', 'body-file', 'config', 'expired-token-file', 'header', 'i-may-test-this-host'] as const),
  ...(['id-token-file', 'insufficient-token-file', 'issuer', 'json', 'junit', 'jwks', 'method', 'mint-key'] as const),
  ...(['other-token-file', 'rate', 'resource', 'sibling-url', 'strict', 'token', 'token-file'] as const),
];

const COMMANDS: ReadonlyMap<string, Syntax> = new Map([
  ['serve', { options: ['config'], takes: 0, read: readServe }],
  ['init', { options: ['issuer', 'resource', 'upstream'], takes: 0, read: readInit }],
  ['check', { options: ['format', 'strict', 'online'], takes: 1, read: readCheck }],
  [
    'explain',
    { options: ['config', 'token-file', 'token', 'method', 'at', 'json'], takes: undefined, read: readExplain },
  ],
  ['simulate', { options: ['config', 'from', 'json'], takes: 1, read: readSimulate }],
  ['propose', { options: ['config', 'json'], takes: 1, read: readPropose }],
  ['probe', { options: PROBE_OPTIONS, takes: undefined, read: readProbe }],
] satisfies [string, Syntax][]);

/**
 * @param args the arguments after the name of the program.
 * @param defaultConfig the configuration where `--config` is absent, as AUDGATE_CONFIG names it; where that is empty, as if it were unset.
 */
export function readCommandLine(args: readonly string[], defaultConfig = DEFAULT_CONFIG): Command {
  const command = readCommand(args, defaultConfig || DEFAULT_CONFIG);
  if (command.kind !== 'usage error') return command;
  // The usage of the command, whatever is wrong with its arguments.
  const [name] = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: false }).positionals;
  const text = `${onOneLine(command.message)}\n\n${describeCommand(name)}`;
  // The exit code 2 of explain means that the request is refused, that of probe that a check fails.
  return { kind: 'refused', text, exitCode: name === 'explain' || name === 'probe' ? 1 : 2 };
}

function readCommand(args: readonly string[], defaultConfig: string): Command | UsageError {
  const parsed = tryParse(args);
  if ('kind' in parsed) return parsed;
  const { values, positionals } = parsed;
  const [name = 'serve', ...rest] = positionals;
  const syntax = COMMANDS.get(name);
  if (!syntax) return usageError(describeUnknownCommand(name));
  if (values.help) return { kind: 'help', text: describeCommand(positionals[0]) };
  if (values.version) return { kind: 'version' };
  const foreign = (Object.keys(values) as Option[]).find(option => !syntax.options.includes(option));
  if (foreign !== undefined) return usageError(`--${foreign} is no option of ${name}`);
  const { takes = rest.length } = syntax;
  if (rest.length !== takes) return usageError(`${name} takes ${takes === 0 ? 'no argument' : 'one file'}`);
  if (values.config === '') return usageError('--config needs a value');
  const config = values.config ?? defaultConfig;
  const files = [config, values.from ?? '', ...(syntax.takes === undefined ? [] : rest)];
  if (files.some(isToken)) return { kind: 'refused', text: 'a token is no file name\n', exitCode: 1 };
  return syntax.read(values, rest, config);
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
}

function tryParse(args: readonly string[]): ReturnType<typeof parse> | UsageError {
  try {
    return parse(args);
  } catch (error) {
    return usageError(describeParseError(error));
  }
}

/** @param error of `parseArgs`: its message repeats the option, and may have several lines. */
function describeParseError(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  const option = /'-{1,2}([^'= ]+)/.exec(message)?.[1] ?? '';
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return describeUnknownOption(option, Object.keys(OPTIONS));
  if (!isOption(option)) return 'the arguments cannot be read';
  return `--${option} ${OPTIONS[option].type === 'boolean' ? 'takes no value' : 'needs a value'}`;
}

function isOption(name: string): name is Option {
  return Object.hasOwn(OPTIONS, name);
}

/** @returns whether it is a token, with or without `Bearer`: an error would repeat it as the name of a file that does not exist. */
function isToken(file: string): boolean {
  return looksLikeToken(file.replace(/^.*bearer +/i, '').trim());
}

function usageError(message: string): UsageError {
  return { kind: 'usage error', message };
}

function readServe(values: Values, _args: readonly string[], file: string): Command {
  return { kind: 'serve', file, isNamed: values.config !== undefined };
}

function readInit(values: Values): Command | UsageError {
  const options = readInitArguments(values);
  return options.ok ? { kind: 'init', options: options.value } : usageError(options.rejection.what);
}

function readCheck(
  { format = 'text', strict = false, online = false }: Values,
  [file = '']: readonly string[],
): Command | UsageError {
  if (!isFormat(format)) return usageError(`--format is one of ${FORMATS.join(', ')}`);
  return { kind: 'check', file, options: { format, strict, online } };
}

function readExplain(values: Values, urls: readonly string[], config: string): Command {
  return { kind: 'explain', options: { ...values, urls, config } };
}

function readSimulate({ config, from, json = false }: Values, [log = '']: readonly string[]): Command | UsageError {
  if (config === undefined) return usageError('simulate needs --config');
  return { kind: 'simulate', options: { config, from, log, json } };
}

function readPropose({ json = false }: Values, [log = '']: readonly string[], config: string): Command {
  return { kind: 'propose', options: { config, log, json } };
}

function readProbe(values: Values, urls: readonly string[]): Command {
  return { kind: 'probe', options: { ...values, urls } };
}
