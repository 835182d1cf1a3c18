/** A configuration file → `Config`, or every error that it has, in the order of the steps. */

import { dirname, resolve } from 'node:path';
import type { Config } from './config.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { DiagnosticCollector } from './diagnostics/diagnostic-collector.ts';
import { checkExceptions } from './exceptions/exception-checks.ts';
import type { FileDraft } from './file-draft.ts';
import { freezeDeep } from './freeze.ts';
import { type Budget, readIncluded } from './include/included-routes.ts';
import { readIssuers, type Surroundings } from './issuers.ts';
import { checkListeners, checkRoutes } from './lint/cross-checks.ts';
import { addWarnings } from './lint/warnings.ts';
import { readRevoked } from './revoked/revoked-list.ts';
import { buildRoute, readRoutes } from './routes.ts';
import { type FileSettings, fileSchema } from './schema/file-schema.ts';
import { readSettings, type Settings } from './schema/settings.ts';
import { describeMissingKey, isMisspelled } from './schema/zod-diagnostic.ts';
import type { ConfigSource } from './source/config-source.ts';
import { createCounts, readContent } from './source/content.ts';
import { YamlDocument } from './source/document.ts';
import { LIMITS } from './source/limits.ts';
import { isRawMap } from './source/raw-map.ts';
import { type ReferencedFile, ReferencedFiles } from './source/referenced-files.ts';
import { readSourceFile, type SourceFile } from './source/source-file.ts';
import { readListenerTls } from './tls/listener-tls.ts';
import { readProxy } from './values/address/cidr.ts';

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Diagnostic[] }
  /** At least one error, and the warnings that were found beside it, by place; and the files that were read. */
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      readonly files?: readonly ReferencedFile[];
    };

/**
 * Reads `file`, replaces its references from `environment`, checks everything and fills in the defaults.
 *
 * @returns the frozen configuration with its warnings, or every error. Never throws for what the file holds.
 */
export function loadConfig(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  options?: LoadOptions,
): LoadResult {
  const read = readSourceFile(file);
  return read.ok ? loadSource(read.source, environment, options) : read;
}

/** As `loadConfig`, for a text that was read before. Files that the text names are read now. */
export function loadSource(
  source: SourceFile,
  environment: Readonly<Record<string, string | undefined>>,
  options?: LoadOptions,
): LoadResult {
  return loadCollected(source, environment, options).result;
}

export interface LoadOptions {
  /** Whether a route may leave out `upstream`, as with `authorizer`. */
  readonly forwardsNothing?: boolean | undefined;
  /** Whether an exception may have `owner: TODO`: only where nobody is let in by it. */
  readonly acceptsNoOwner?: boolean | undefined;
  /** What is taken for the content of included files, by their names in `ConfigSource`, in place of what they hold. */
  readonly includedTexts?: ReadonlyMap<string, string> | undefined;
}

export interface CollectedLoad {
  readonly result: LoadResult;
  /** The diagnostics of `result`, to which more can be added by the places of the file. */
  readonly diagnostics: DiagnosticCollector;
}

/** As `loadSource`, for somebody who finds more to say about the file. */
export function loadCollected(
  source: SourceFile,
  environment: Readonly<Record<string, string | undefined>>,
  options: LoadOptions = {},
): CollectedLoad {
  const { document, syntaxErrors, tokens } = YamlDocument.parse(source.text);
  const diagnostics = new DiagnosticCollector(source.file, document);
  for (const error of syntaxErrors) diagnostics.syntaxError(error);
  const bytes = LIMITS.fileBytes - Buffer.byteLength(source.text);
  const budget = { bytes, tokens: LIMITS.tokens - tokens, counts: createCounts() };
  return { result: loadDocument(document, source, { ...options, environment, budget }, diagnostics), diagnostics };
}

function loadDocument(
  document: YamlDocument,
  { file, hash }: SourceFile,
  options: LoadOptions & Pick<Surroundings, 'environment'> & { readonly budget: Budget },
  diagnostics: DiagnosticCollector,
): LoadResult {
  if (diagnostics.isUnreadable) return { ok: false, diagnostics: diagnostics.sorted };
  const { environment, budget } = options;
  const folder = dirname(resolve(file));
  const files = new ReferencedFiles(folder);
  const sources = { environment, folder, files: new Map(), watched: files };
  const content = readContent(document, sources, diagnostics, budget.counts);
  const built = diagnostics.isUnreadable ? undefined : buildConfig(content, { ...options, folder, files }, diagnostics);
  if (built === undefined || diagnostics.hasErrors) {
    return { ok: false, diagnostics: diagnostics.sorted, files: files.list() };
  }
  return {
    ok: true,
    config: freezeDeep({ ...built.config, source: { file, hash, ...built.source, files: files.list() } }),
    warnings: diagnostics.sorted,
  };
}

type BuiltConfig = Omit<Config, 'source'>;

interface Built {
  readonly config: BuiltConfig;
  readonly source: Pick<ConfigSource, 'included' | 'routePlaces'>;
}

/** Where relative names start, how the file is to be read, and how much more may be read. */
type Reading = Surroundings & LoadOptions & { readonly budget: Budget };

/** Reads each issuer and route, runs the checks that need the whole file, then builds the configuration. */
function buildConfig(content: unknown, surroundings: Reading, diagnostics: DiagnosticCollector): Built | undefined {
  if (content === null) {
    diagnostics.error([], { what: 'the file is empty', expected: 'a map with the key routes', standsAlone: true });
    return undefined;
  }
  const settings = readSettings(fileSchema, [], content, diagnostics);
  const { draft, included } = readEntries(settings, content, surroundings, diagnostics);
  const tls = settings.found.tls && readListenerTls(settings.found.tls, surroundings.files, diagnostics);
  checkFile(settings, draft, content, diagnostics);
  const revoked = readRevoked(settings.found.revoked, draft.issuerNames, surroundings.files, diagnostics);
  const { routes: drafts, issuerNames } = draft;
  const { acceptsNoOwner = false } = surroundings;
  checkExceptions({ routes: drafts, issuers: issuerNames, acceptsNoOwner, now: Date.now() }, diagnostics);
  addWarnings(draft, diagnostics);

  if (settings.complete === undefined) return undefined;
  const everyIssuer = new Set(draft.issuers.keys());
  const routes = draft.routes.flatMap(route => buildRoute(route, everyIssuer) ?? []);
  const routePlaces = new Map(draft.routes.map(({ key, place }) => [key, place]));
  const config = { ...buildProcessSettings(settings.complete), tls, revoked, issuers: draft.issuers, routes };
  return { config, source: { included, routePlaces } };
}

function readEntries(
  { found }: Settings<FileSettings>,
  content: unknown,
  surroundings: Reading,
  diagnostics: DiagnosticCollector,
): { readonly draft: FileDraft; readonly included: ConfigSource['included'] } {
  const isUpstreamOptional = surroundings.forwardsNothing === true || (isRawMap(content) && 'authorizer' in content);
  const isReadable = found.issuers !== undefined && !isMisspelled('issuers', { schema: fileSchema, raw: content });
  const { budget, forwardsNothing: _, ...own } = surroundings;
  const main = { routes: found.routes ?? {}, surroundings: own };
  const including = { surroundings: own, diagnostics, budget, texts: surroundings.includedTexts };
  const { routeFiles, sources, isComplete } = readIncluded(found.include ?? [], main.routes, including);
  const draft: FileDraft = {
    issuers: readIssuers(found.issuers ?? {}, surroundings, diagnostics),
    issuerNames: isReadable ? Object.keys(found.issuers ?? {}) : undefined,
    routes: [main, ...routeFiles].flatMap(({ routes, surroundings: around }) =>
      readRoutes(routes, around, diagnostics, isUpstreamOptional),
    ),
    hasEveryRoute: isComplete && (found.include !== undefined || !isRawMap(content) || !('include' in content)),
    authorizer: found.authorizer,
    trustedProxies: found.trusted_proxies ?? [],
    omittedFields: found.access_log?.omit ?? [],
    hasTls: isRawMap(content) && 'tls' in content,
    admin: found.admin,
    hasAdminToken: isRawMap(content) && 'admin_token' in content,
  };
  return { draft, included: sources };
}

function checkFile(
  { found }: Settings<FileSettings>,
  { routes, hasEveryRoute, issuerNames }: FileDraft,
  content: unknown,
  diagnostics: DiagnosticCollector,
): void {
  checkListeners(found, content, diagnostics);
  checkRoutes(routes, issuerNames, diagnostics);
  if (isRawMap(content) && !('routes' in content) && !('include' in content)) {
    if (isMisspelled('routes', { schema: fileSchema, raw: content })) return;
    diagnostics.error(['routes'], describeMissingKey('routes', 'a map of routes'), 'parent');
  } else if (routes.length === 0 && hasEveryRoute && (found.routes || found.include)) {
    const key = found.routes ? 'routes' : 'include';
    diagnostics.error([key], { what: 'no routes', expected: 'at least one route', standsAlone: true }, 'key');
  }
}

function buildProcessSettings(settings: FileSettings): Omit<BuiltConfig, 'tls' | 'revoked' | 'issuers' | 'routes'> {
  const {
    listen,
    admin,
    authorizer,
    admin_hosts,
    admin_token,
    limits,
    timeouts,
    drain,
    workers,
    trusted_proxies,
    access_log,
  } = settings;
  return {
    listen,
    admin,
    authorizer,
    adminHosts: new Set(admin_hosts),
    adminTokenHash: admin_token,
    limits,
    timeouts: { headers: timeouts.headers, body: timeouts.body, keepAlive: timeouts.keep_alive },
    drain,
    workers,
    trustedProxies: trusted_proxies.flatMap(text => readProxy(text) ?? []),
    accessLog: access_log && { omit: new Set(access_log.omit) },
  };
}
