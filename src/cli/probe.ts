/** `audgate probe`: whether an API, any API, checks whom a token is for. */

import { writeFileSync } from 'node:fs';
import { formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { loadConfig } from '../config/load.ts';
import { valuesOf } from '../http/header-list.ts';
import { MISSING_SCOPE } from '../probe/checks/given-tokens.ts';
import { type Answer, ProbeClient } from '../probe/http/probe-client.ts';
import { isOnLoopback } from '../probe/http/target.ts';
import { ask, type ProbeReport, type ProbeSubject, runProbe } from '../probe/run.ts';
import { startKeyListener } from '../probe/tokens/key-listener.ts';
import { exportPublicKey } from '../probe/tokens/signing-keys.ts';
import type { CommandContext } from './command-context.ts';
import { type ProbeArguments, type ProbeOptions, readProbeArguments } from './probe/arguments.ts';
import { fetchPublicKeys } from './probe/issuer-keys.ts';
import { renderJson } from './probe/output/json.ts';
import { renderJunit } from './probe/output/junit.ts';
import { writeRemedy } from './probe/output/remedy-yaml.ts';
import { combineVerdicts, type RouteReport } from './probe/output/report.ts';
import { renderText } from './probe/output/text.ts';
import { createRouteSubjects, createUrlSubject, type NamedSubject } from './probe/subjects.ts';
import { type GivenTokens, readGivenTokens } from './probe/tokens.ts';
import { createPaint } from './terminal.ts';

const EXIT_CODES = { holds: 0, fails: 2, unclear: 1 } as const;

/** @returns the exit code: 0 all checks hold, 2 some fail, 1 for wrong arguments, and where it could not be judged. */
export async function probe(options: ProbeOptions, context: CommandContext): Promise<0 | 1 | 2> {
  const given = readProbeArguments(options);
  if (!given.ok) return fail(context, given.rejection.what);
  const tokens = await readGivenTokens(options, context.standardInput);
  if (!tokens.ok) return fail(context, tokens.rejection.what);
  const client = new ProbeClient(given.value.interval);
  const subjects = await listSubjects(options, given.value, tokens.value, { client, context });
  if (typeof subjects === 'string') return fail(context, subjects);
  const reports: RouteReport[] = [];
  for (const named of subjects) {
    if (named.route !== undefined) client.startApi();
    reports.push(await probeOne(named, options, client, context));
  }
  return write(reports, options, context);
}

function fail({ writeError }: CommandContext, message: string): 1 {
  writeError(message);
  return 1;
}

/** @returns a text: why nothing can be probed. */
async function listSubjects(
  { config: file }: ProbeOptions,
  given: ProbeArguments,
  tokens: GivenTokens,
  { client, context }: { readonly client: ProbeClient; readonly context: CommandContext },
): Promise<readonly NamedSubject[] | string> {
  if (file !== undefined) {
    const loaded = loadConfig(file, context.environment);
    return loaded.ok
      ? createRouteSubjects(loaded.config, given, tokens)
      : loaded.diagnostics.map(formatDiagnostic).join('\n');
  }
  const scope = tokens.right === undefined ? await readAskedScope(given, tokens, client) : undefined;
  const url = `${given.url.origin}${given.path.replace(/[?].*$/, '')}`;
  return [{ route: undefined, url, create: () => createUrlSubject(given, tokens, scope) }];
}

/** The scopes that a challenge asks for are those to mint the right token with (RFC 6750 section 3). Many name them only where a token lacks them (403). */
async function readAskedScope(
  target: ProbeArguments,
  tokens: GivenTokens,
  client: ProbeClient,
): Promise<string | undefined> {
  const named = readScope(await ask({ target }, client));
  if (named !== undefined) return named;
  const subject = createUrlSubject(target, tokens, undefined);
  if (typeof subject === 'string') return undefined;
  const answer = await ask(subject, client, subject.tokens.right);
  return answer.status === 403 ? readScope(answer) : undefined;
}

function readScope({ fields }: Answer): string | undefined {
  const [, scope] =
    /\bscope="([\x21\x23-\x5b\x5d-\x7e ]{1,1000})"/.exec(valuesOf(fields, 'www-authenticate').join(', ')) ?? [];
  return scope;
}

async function probeOne(
  { route, url, create }: NamedSubject,
  options: ProbeOptions,
  client: ProbeClient,
  context: CommandContext,
): Promise<RouteReport> {
  const { method = 'GET', jwks } = options;
  const subject = create();
  if (typeof subject === 'string') return { route, url, method, report: subject, yaml: undefined };
  const report = await runWithListener(subject, options, client, context);
  const closed = report.results.filter(({ verdict, check }) => verdict === 'fails' && check.isClosedByGateway);
  const needsScope = closed.some(({ check }) => check === MISSING_SCOPE);
  // A route of a configuration has audgate in front of it already.
  const yaml = closed.length > 0 && route === undefined ? writeRemedy(subject, jwks, needsScope) : undefined;
  return { route, url, method, report, yaml };
}

async function runWithListener(
  subject: ProbeSubject,
  { all = false, strict = false, jwks }: ProbeOptions,
  client: ProbeClient,
  { environment }: CommandContext,
): Promise<ProbeReport> {
  const settings = { isAll: all, isStrict: strict };
  if (!all) return runProbe(subject, client, settings);
  const { target, tokens, publicKeys } = subject;
  const { jws } = tokens;
  const keys = publicKeys.length === 0 && jws ? await fetchPublicKeys(jws, jwks, environment) : publicKeys;
  const served = jws ? [exportPublicKey(subject.foreignKey(), 'audgate-probe')] : [];
  const listener = isOnLoopback(target.url) ? await startKeyListener(served) : undefined;
  try {
    return await runProbe({ ...subject, publicKeys: keys, listener }, client, settings);
  } finally {
    listener?.close();
  }
}

function write(reports: readonly RouteReport[], options: ProbeOptions, context: CommandContext): 0 | 1 | 2 {
  const { json = false, strict = false, junit } = options;
  const lines = json ? [renderJson(reports)] : renderText(reports, createPaint(context.isColoured));
  for (const line of lines) context.write(line);
  if (reports.length === 0) return fail(context, 'the configuration has no protected route');
  if (junit !== undefined) {
    try {
      writeFileSync(junit, renderJunit(reports, strict));
    } catch {
      return fail(context, '--junit cannot be written');
    }
  }
  return EXIT_CODES[combineVerdicts(reports)];
}
