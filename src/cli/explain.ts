/** `audgate explain`: one request, judged by the rooms of the gateway, and why. Needs no running gateway. */

import type { Readable } from 'node:stream';
import type { Config } from '../config/config.ts';
import { formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { loadConfig } from '../config/load.ts';
import { accept, type ParsedValue, type Rejected } from '../config/values/parsed-value.ts';
import { judge } from './explain/evaluate/evaluation.ts';
import { parseInstant, parseMethod, parseUrl, type Question } from './explain/evaluate/question.ts';
import { holdsToken, readTokenFile } from './explain/evaluate/token-file.ts';
import { describeJudgement } from './explain/output/explanation.ts';
import { renderJson } from './explain/output/json.ts';
import { renderText } from './explain/output/text.ts';
import { createPaint } from './terminal.ts';

/** As they stand on the command line. */
export interface ExplainOptions {
  readonly config: string;
  readonly urls: readonly string[];
  readonly 'token-file'?: string | undefined;
  /** Refused: an argument is no place for a token. */
  readonly token?: string | undefined;
  readonly method?: string | undefined;
  readonly at?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What the command has of its process. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly standardInput: Readable;
  readonly isColoured: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly write: (line: string) => void;
  readonly complain: (line: string) => void;
}

const NO_ARGUMENT =
  'a token is not given as an argument: shell history and the list of processes would keep it; write it to a file and name that with --token-file, or pipe it into --token-file -';

/** @returns the exit code: 0 for a request that is forwarded or answered, 2 for one that is refused, 1 where that cannot be said. */
export async function explain(options: ExplainOptions, around: Surroundings): Promise<0 | 1 | 2> {
  const argument = judgeArguments(options);
  if (argument !== undefined) return fail(around, argument);
  const loaded = loadConfig(options.config, around.environment);
  if (!loaded.ok) return fail(around, loaded.diagnostics.map(formatDiagnostic).join('\n'));
  const question = readQuestion(options, loaded.config, around.now);
  if (!question.ok) return fail(around, question.rejection.what);
  const file = options['token-file'];
  const fields = file === undefined ? accept([]) : await readTokenFile(file, around.standardInput);
  if (!fields.ok) return fail(around, `--token-file ${describe(fields)}`);

  const explanation = describeJudgement(await judge(loaded.config, question.value, fields.value));
  const lines = options.json ? [renderJson(explanation)] : renderText(explanation, createPaint(around.isColoured));
  for (const line of lines) around.write(line);
  return explanation.decision === 'refused' ? 2 : 0;
}

function judgeArguments(options: ExplainOptions): string | undefined {
  const { urls, token, config, 'token-file': file, method, at } = options;
  if (token !== undefined || [...urls, config, file, method, at].some(text => text && holdsToken(text))) {
    return NO_ARGUMENT;
  }
  if (urls.length === 1) return undefined;
  return `explain takes one URL, and got ${urls.length}: audgate explain --config FILE [--token-file F|-] [--method GET] [--at RFC3339] [--json] URL`;
}

function readQuestion(options: ExplainOptions, config: Config, now: number): ParsedValue<Question> {
  const {
    urls: [url = ''],
    method: methodText = 'GET',
    at: atText,
  } = options;
  const target = parseUrl(url, config.listen);
  if (!target.ok) return name('the URL', target);
  const method = parseMethod(methodText);
  if (!method.ok) return name('--method', method);
  const at = atText === undefined ? accept(now) : parseInstant(atText);
  if (!at.ok) return name('--at', at);
  return accept({
    ...target.value,
    method: method.value,
    at: at.value,
    isNow: atText === undefined,
    isAuthorityAssumed: url.startsWith('/'),
  });
}

/** What was given is not repeated: a URL may hold a secret, and any option a token that slipped. */
function name(option: string, refused: Rejected): Rejected {
  return { ok: false, rejection: { what: `${option} ${describe(refused)}` } };
}

function describe({ rejection }: Rejected): string {
  return `${rejection.what}${rejection.expected === undefined ? '' : `, expected ${rejection.expected}`}`;
}

function fail({ complain }: Surroundings, message: string): 1 {
  complain(message);
  return 1;
}
