/** `audgate explain`: one request, judged by the rooms of the gateway, and why. Needs no running gateway. */

import type { Readable } from 'node:stream';
import type { Config } from '../config/config.ts';
import { accept, type Parsed, type Refused } from '../config/fault.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { describeJudgement } from './explain/explanation.ts';
import { renderJson } from './explain/json.ts';
import { judge } from './explain/judgement.ts';
import { parseInstant, parseMethod, parseUrl, type Question } from './explain/question.ts';
import { renderText } from './explain/text.ts';
import { looksLikeToken, readTokenFile } from './explain/token-file.ts';
import { createPaint, quoteValue } from './terminal.ts';

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
  if (!loaded.ok) return fail(around, loaded.problems.map(formatProblem).join('\n'));
  const question = readQuestion(options, loaded.config, around.now);
  if (!question.ok) return fail(around, question.fault.what);
  const file = options['token-file'];
  const token = file === undefined ? accept(undefined) : await readTokenFile(file, around.standardInput);
  if (!token.ok) return fail(around, `--token-file: ${describe(file ?? '', token)}`);

  const explanation = describeJudgement(await judge(loaded.config, question.value, token.value));
  const lines = options.json ? [renderJson(explanation)] : renderText(explanation, createPaint(around.isColoured));
  for (const line of lines) around.write(line);
  return explanation.decision === 'refused' ? 2 : 0;
}

function judgeArguments({ urls, token }: ExplainOptions): string | undefined {
  if (token !== undefined || urls.some(looksLikeToken)) return NO_ARGUMENT;
  if (urls.length === 1) return undefined;
  return `explain takes one URL, and got ${urls.length}: audgate explain --config FILE [--token-file F|-] [--method GET] [--at RFC3339] [--json] URL`;
}

function readQuestion(options: ExplainOptions, config: Config, now: number): Parsed<Question> {
  const {
    urls: [url = ''],
    method: methodText = 'GET',
    at: atText,
  } = options;
  const target = parseUrl(url, config.listen);
  if (!target.ok) return name('the URL', '', target);
  const method = parseMethod(methodText);
  if (!method.ok) return name('--method', methodText, method);
  const at = atText === undefined ? accept(now) : parseInstant(atText);
  if (!at.ok) return name('--at', atText ?? '', at);
  return accept({
    ...target.value,
    method: method.value,
    at: at.value,
    isNow: atText === undefined,
    isAuthorityAssumed: url.startsWith('/'),
  });
}

/** A URL is not repeated: it may hold a secret. */
function name(option: string, text: string, refused: Refused): Refused {
  return { ok: false, fault: { what: `${option}${text === '' ? ' ' : ': '}${describe(text, refused)}` } };
}

function describe(text: string, { fault }: Refused): string {
  const expected = fault.expected === undefined ? '' : `, expected ${fault.expected}`;
  return `${text === '' ? '' : `${quoteValue(text)} `}${fault.what}${expected}`;
}

function fail({ complain }: Surroundings, message: string): 1 {
  complain(message);
  return 1;
}
