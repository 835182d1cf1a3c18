/**
 * What `import … from 'audgate'` gives. Nothing here reads or changes the process of the caller: no environment, argument,
 * output, signal or exit code.
 */

import type { Diagnostic } from './config/diagnostics/diagnostic.ts';
import { LoaderFailure, loadInThread, type ThreadResult } from './config/loader/loader.ts';
import { fromPieces } from './config/loader/pieces.ts';
import { Decider } from './library/decider.ts';
import { createEvents, describeFault } from './library/events.ts';
import { readReceived } from './library/received-request.ts';
import { toReply } from './library/reply.ts';
import { toVerifiedToken } from './library/verified-token.ts';

const DEFAULT_FILE = 'audgate.yaml';

export interface CheckConfigOptions {
  /**
   * The file that the text is the content of. It need not exist: it is the `file` of each problem, and its folder is where
   * relative paths of the text (`jwks_file`, `${file:PATH}`) start. Default: `audgate.yaml` in the working directory.
   */
  readonly file?: string | undefined;
  /** The values of `${NAME}`. Default: none. `process.env` is used only where it is given here. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface ConfigProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** The key, `routes./profile.upstream` for example; empty for the file as a whole. */
  readonly path: string;
  /** One line. Never the value of a variable or the content of a file. */
  readonly message: string;
  /** An error stops the gateway from starting with this configuration; a warning does not. */
  readonly severity: 'error' | 'warning';
}

export interface ConfigCheck {
  /** `false` where a problem is an error. */
  readonly ok: boolean;
  /** In the order of their places. */
  readonly problems: readonly ConfigProblem[];
}

/** The `IncomingMessage` of node:http or node:http2, also as Express extends it. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly originalUrl?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly httpVersion?: string | undefined;
}

/** The `Request` of the Fetch standard, as Hono has it. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { forEach(callback: (value: string, name: string) => void): void };
}

/** For `response.writeHead(status, headers).end(body)`, or `new Response(body, { status, headers })`. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `null` where the response has none: to HEAD, and with 204 and 304. */
  readonly body: string | null;
}

/** Frozen. */
export interface VerifiedToken {
  /** `iss`. */
  readonly issuer: string;
  /** `sub`. */
  readonly subject: string | undefined;
  /** The first of `client_id`, `azp`, `appid`, `cid` that is there. */
  readonly clientId: string | undefined;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  /** `exp`: seconds since 1970. Ending what goes on for longer is the service's business. */
  readonly expiresAt: number;
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface Allowed {
  readonly allowed: true;
  /** The `id` of the route, else its key in the configuration. */
  readonly route: string;
  /** `undefined` on a public route, for a CORS preflight, and where the mode of the route lets a token pass that did not verify. */
  readonly token: VerifiedToken | undefined;
  /** Why a stricter mode, or the end of an exception, would refuse the request (docs/reference/refusals.md). */
  readonly reported: string | undefined;
}

export interface Refused {
  readonly allowed: false;
  /** `undefined` where the request has none. */
  readonly route: string | undefined;
  /** docs/reference/refusals.md. */
  readonly reason: string;
  /** Status, challenge and body: what the gateway would send. */
  readonly reply: Reply;
}

export interface AuthorizerOptions extends CheckConfigOptions {
  /** The configuration, as YAML or as an object with the same keys. Default: what `file` holds. */
  readonly config?: string | object | undefined;
  /** Called where keys cannot be fetched, tokens cannot be looked up, or a fault of audgate refused a request. No secret is in it. */
  readonly onWarning?: ((message: string, fields: Readonly<Record<string, unknown>>) => void) | undefined;
}

export interface Authorizer {
  /** Of the configuration. */
  readonly warnings: readonly ConfigProblem[];
  /**
   * Decides on a request as the gateway does: path, route, credentials, token, audience, claims, scope.
   *
   * @param body its bytes, whole and as they came, for a route whose `mcp` has rules; not needed on others.
   * @returns the decision. A fault refuses (503). Rejects only with a TypeError, for a `request` or a `body` of another type.
   */
  authorize(request: NodeRequest | FetchRequest, body?: Uint8Array | string): Promise<Allowed | Refused>;
  /** @returns the reply where `request` is for a metadata document (RFC 9728 section 3.1), or a preflight for one; else `undefined`. */
  metadata(request: NodeRequest | FetchRequest): Reply | undefined;
  /** Stops fetching keys. */
  close(): void;
}

/** What `createAuthorizer` rejects with for a configuration that has errors. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(({ file, line, column, path, message }) => `${file}:${line}:${column}: ${path}: ${message}`)
        .join('\n'),
    );
    this.problems = problems;
  }
}

/**
 * Checks a configuration as `audgate check` does, in a thread of its own, which may take at most 60 s and bounded memory.
 * Files that the text names are read.
 *
 * @param text YAML.
 * @returns all problems. Does not reject for what `text`, or a file that it names, holds; a text that cannot be checked within
 * these bounds has an error that says so.
 */
export async function checkConfig(text: string, options: CheckConfigOptions = {}): Promise<ConfigCheck> {
  // A caller without types may hand over anything. Without a text the thread would read the file.
  const { file = DEFAULT_FILE, env } = options ?? {};
  if (typeof file !== 'string') return failedCheck(DEFAULT_FILE, 'the option file is not a string');
  if (typeof text !== 'string') return failedCheck(file, 'the text is not a string');
  try {
    const loaded = await loadInThread({ file, text, environment: onlyStrings(env ?? {}) });
    return loaded === undefined ? failedCheck(file, 'the text was not loaded') : toCheck(loaded);
  } catch (error) {
    if (error instanceof LoaderFailure) return failedCheck(file, error.message);
    throw error;
  }
}

function toCheck(loaded: ThreadResult): ConfigCheck {
  const problems = loaded.kind === 'loaded' ? loaded.warnings : loaded.diagnostics;
  return { ok: loaded.kind === 'loaded', problems: problems.map(toConfigProblem) };
}

function toConfigProblem({ file, line, column, path, message, severity }: Diagnostic): ConfigProblem {
  return { file, line, column, path, message, severity };
}

function failedCheck(file: string, message: string): ConfigCheck {
  return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message, severity: 'error' }] };
}

/** What is no string cannot be handed to a thread, or is no value of a variable. */
function onlyStrings(env: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const strings: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (typeof value === 'string') strings[name] = value;
  return strings;
}

/**
 * Creates what decides on the requests of a service that checks them by itself. Nothing listens and nothing is forwarded: keys of the
 * configuration for that (`listen`, `upstream`, `workers` …) are checked, and have no effect.
 *
 * @returns it once the keys of every issuer have been asked for; whether they could be fetched or not.
 * @throws ConfigurationError
 */
export async function createAuthorizer(options: AuthorizerOptions): Promise<Authorizer> {
  const { file = DEFAULT_FILE, env, config, onWarning = () => undefined } = options;
  const text = config === undefined || typeof config === 'string' ? config : JSON.stringify(config, null, 2);
  const given = text === undefined ? {} : { text };
  const loaded = await loadOrThrow({ file, ...given, environment: onlyStrings(env ?? {}), forwardsNothing: true });
  const decider = new Decider(await fromPieces(loaded.pieces, () => undefined), createEvents(onWarning), fault =>
    onWarning('fault', describeFault(fault)),
  );
  await decider.start();
  return {
    warnings: loaded.warnings.map(toConfigProblem),
    authorize: (request, body) => authorize(decider, request, body),
    metadata: request => {
      const reply = decider.findDocument(read(request, undefined));
      return reply && toReply(reply, request.method);
    },
    close: () => decider.stop(),
  };
}

async function loadOrThrow(request: Parameters<typeof loadInThread>[0]) {
  const loaded = await loadInThread(request).catch((error: unknown) => {
    throw error instanceof LoaderFailure
      ? new ConfigurationError(failedCheck(request.file, error.message).problems)
      : error;
  });
  if (loaded?.kind === 'loaded') return loaded;
  throw new ConfigurationError((loaded?.diagnostics ?? []).map(toConfigProblem));
}

async function authorize(
  decider: Decider,
  request: NodeRequest | FetchRequest,
  body: Uint8Array | string | undefined,
): Promise<Allowed | Refused> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  if (bytes !== undefined && !(bytes instanceof Uint8Array)) throw new TypeError('the body is neither bytes nor text');
  const outcome = await decider.decide(read(request, bytes), bytes);
  const { route } = outcome;
  if (!outcome.isAllowed)
    return { allowed: false, route, reason: outcome.reason, reply: toReply(outcome.reply, request.method) };
  const { identity, reported } = outcome.grant ?? {};
  return { allowed: true, route: route ?? '', token: identity && toVerifiedToken(identity), reported };
}

function read(request: NodeRequest | FetchRequest, body: Uint8Array | undefined) {
  const received = readReceived(request, body);
  if (received) return received;
  throw new TypeError('the request is neither an IncomingMessage of Node.js nor a Request');
}
