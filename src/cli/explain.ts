/** `audgate explain`: the decision on one request, with each check and its cause. Needs no running gateway. */

import type { Config } from '../config/config.ts';
import { formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { loadConfig } from '../config/load.ts';
import { parseInstant } from '../config/values/instant.ts';
import { accept, type ParsedValue, type Rejected } from '../config/values/parsed-value.ts';
import type { CommandContext } from './command-context.ts';
import { evaluateRequest } from './explain/evaluate/evaluation.ts';
import { parseMethod, parseUrl, type RequestSpec } from './explain/evaluate/request-spec.ts';
import { containsToken, readTokenFile, type TokenInput } from './explain/evaluate/token-file.ts';
import { createExplanation } from './explain/output/explanation.ts';
import { renderJson } from './explain/output/json.ts';
import { renderText } from './explain/output/text.ts';
import { createPaint } from './terminal.ts';

/** As given on the command line. */
export interface ExplainOptions {
  readonly config: string;
  readonly urls: readonly string[];
  readonly 'token-file'?: string | undefined;
  /** Always refused: a token must not be an argument. */
  readonly token?: string | undefined;
  readonly method?: string | undefined;
  readonly at?: string | undefined;
  readonly json?: boolean | undefined;
}

const NO_TOKEN: TokenInput = { fields: [], answer: undefined };
const EXIT_CODES = { forwarded: 0, answered: 0, refused: 2, unknown: 1 } as const;

const NO_ARGUMENT =
  'a token is not given as an argument: shell history and the list of processes would keep it; write it to a file and name that with --token-file, or pipe it into --token-file -';

/**
 * @returns the exit code: 0 for a request that is forwarded or answered with metadata, 2 for one that is refused, 1 for an error,
 *   and where an issuer would be asked.
 */
export async function explain(options: ExplainOptions, context: CommandContext): Promise<0 | 1 | 2> {
  const refused = checkArguments(options);
  if (refused !== undefined) return fail(context, refused);
  const loaded = loadConfig(options.config, context.environment);
  if (!loaded.ok) return fail(context, loaded.diagnostics.map(formatDiagnostic).join('\n'));
  const request = readRequest(options, loaded.config, context.now);
  if (!request.ok) return fail(context, request.rejection.what);
  const file = options['token-file'];
  const input = file === undefined ? accept(NO_TOKEN) : await readTokenFile(file, context.standardInput);
  if (!input.ok) return fail(context, `--token-file ${describe(input)}`);

  const explanation = createExplanation(await evaluateRequest(loaded.config, request.value, input.value));
  const lines = options.json ? [renderJson(explanation)] : renderText(explanation, createPaint(context.isColoured));
  for (const line of lines) context.write(line);
  return EXIT_CODES[explanation.decision];
}

function checkArguments(options: ExplainOptions): string | undefined {
  const { urls, token, config, 'token-file': file, method, at } = options;
  if (token !== undefined || [...urls, config, file, method, at].some(text => text && containsToken(text))) {
    return NO_ARGUMENT;
  }
  if (urls.length === 1) return undefined;
  return `explain takes one URL, and got ${urls.length}: audgate explain --config FILE [--token-file F|-] [--method GET] [--at RFC3339] [--json] URL`;
}

function readRequest(options: ExplainOptions, config: Config, now: number): ParsedValue<RequestSpec> {
  const {
    urls: [url = ''],
    method: methodText = 'GET',
    at: atText,
  } = options;
  const target = parseUrl(url, config);
  if (!target.ok) return prefix('the URL', target);
  const method = parseMethod(methodText);
  if (!method.ok) return prefix('--method', method);
  const at = atText === undefined ? accept(now) : parseInstant(atText);
  if (!at.ok) return prefix('--at', at);
  return accept({
    ...target.value,
    method: method.value,
    at: at.value,
    isNow: atText === undefined,
    isAuthorityAssumed: url.startsWith('/'),
  });
}

/** The value of the option is never repeated: it may hold a secret. */
function prefix(option: string, refused: Rejected): Rejected {
  return { ok: false, rejection: { what: `${option} ${describe(refused)}` } };
}

function describe({ rejection }: Rejected): string {
  return `${rejection.what}${rejection.expected === undefined ? '' : `, expected ${rejection.expected}`}`;
}

function fail({ writeError }: CommandContext, message: string): 1 {
  writeError(message);
  return 1;
}
