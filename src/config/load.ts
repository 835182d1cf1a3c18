/** A configuration file → `Config`, or every problem that it has. */

import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Config } from './config.ts';
import type { Problem } from './diagnostic.ts';
import { Findings } from './diagnostics.ts';
import { freezeDeep } from './freeze.ts';
import { readIssuers } from './issuers.ts';
import { checkListeners, checkRoutes } from './lint/cross-checks.ts';
import { warnOfDangers } from './lint/warnings.ts';
import { buildRoute, readRoutes } from './routes.ts';
import { type FileSettings, fileSchema } from './schema/schema.ts';
import { isMisspelled } from './schema/zod-diagnostic.ts';
import { readSettings } from './settings.ts';
import { isRawMap, readContent } from './source/content.ts';
import { YamlDocument } from './source/document.ts';
import { decodeText, readBytes } from './source/file.ts';
import { LIMITS } from './source/limits.ts';
import { readNetwork } from './values/cidr.ts';

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  /** Errors, and the warnings that were found with them, by place. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What a configuration file held at one moment. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** SHA-256 of the bytes, in hex. */
  readonly hash: string;
}

export type ReadResult =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads `file`, substitutes from `environment`, checks all of it and fills in the defaults.
 *
 * @returns the frozen configuration with its warnings, or all problems. Never throws for what the file holds.
 */
export function loadConfig(file: string, environment: Readonly<Record<string, string | undefined>>): LoadResult {
  const read = readSource(file);
  return read.ok ? loadSource(read.source, environment) : read;
}

/** @returns what `file` holds, not yet judged; refuses what cannot be read, is no UTF-8, or is larger than 4 MiB. */
export function readSource(file: string): ReadResult {
  const bytes = readBytes(file, LIMITS.fileBytes);
  return bytes.ok ? decodeSource(file, bytes.value) : refuseFile(file, bytes.fault.what);
}

/** As `readSource`, for `text` that a caller has in memory and that stands for the content of `file`. */
export function sourceOfText(file: string, text: string): ReadResult {
  const bytes = Buffer.from(text);
  if (bytes.length > LIMITS.fileBytes) return refuseFile(file, `is larger than ${LIMITS.fileBytes / 1024} KiB`);
  return decodeSource(file, bytes);
}

function decodeSource(file: string, bytes: Buffer): ReadResult {
  const text = decodeText(bytes);
  if (!text.ok) return refuseFile(file, text.fault.what);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { ok: true, source: { file, text: text.value, hash } };
}

/** @returns what tells one content of a file, or one failure to read it, from another. */
export function fingerprintOf(read: ReadResult): string {
  return read.ok ? read.source.hash : read.problems.map(({ message }) => message).join();
}

function refuseFile(file: string, what: string): ReadResult {
  const message = `the file ${what}, expected a readable YAML file`;
  return {
    ok: false,
    problems: [{ severity: 'error', code: 'unreadable-file', file, line: 1, column: 1, path: '', message }],
  };
}

/** As `loadConfig`, of a text that was read before: files that it names are read now. */
export function loadSource(source: Source, environment: Readonly<Record<string, string | undefined>>): LoadResult {
  const { file, text, hash } = source;
  const { document, problems } = YamlDocument.parse(text);
  const findings = new Findings(file, document);
  for (const problem of problems) findings.syntax(problem);
  if (findings.isUnreadable) return { ok: false, problems: findings.sorted };

  const folder = dirname(resolve(file));
  const named = new Map<string, string>();
  const content = readContent(document, { environment, folder, named }, findings);
  const config = findings.isUnreadable ? undefined : buildConfig(content, folder, findings);
  if (config === undefined || findings.hasErrors) return { ok: false, problems: findings.sorted };
  return {
    ok: true,
    config: freezeDeep({ source: { file, hash }, ...config }),
    warnings: findings.sorted,
  };
}

function readListenerSettings(settings: FileSettings): Omit<Config, 'source' | 'issuers' | 'routes'> {
  const { listen, admin, admin_hosts, admin_token, limits, timeouts, drain, workers, trusted_proxies } = settings;
  return {
    listen,
    admin,
    adminHosts: new Set(admin_hosts),
    adminTokenHash: admin_token,
    limits,
    timeouts: { headers: timeouts.headers, body: timeouts.body, keepAlive: timeouts.keep_alive },
    drain,
    workers,
    trustedProxies: trusted_proxies.flatMap(text => readNetwork(text) ?? []),
  };
}

/** First each entry by itself, then what only the whole file shows. */
function buildConfig(content: unknown, folder: string, findings: Findings): Omit<Config, 'source'> | undefined {
  if (content === null) {
    findings.error([], { what: 'the file is empty', expected: 'a map with the key routes', standsAlone: true });
    return undefined;
  }
  const { found, complete } = readSettings(fileSchema, [], content, findings);
  const issuers = readIssuers(found.issuers ?? {}, folder, findings);
  const drafts = readRoutes(found.routes ?? {}, findings);

  if (found.listen && found.admin) checkListeners(found.listen, found.admin, content, findings);
  const areIssuersMisspelled = isMisspelled('issuers', { schema: fileSchema, raw: content });
  const issuerNames = found.issuers && !areIssuersMisspelled ? Object.keys(found.issuers) : undefined;
  checkRoutes(drafts, issuerNames, findings);
  if (found.routes && drafts.length === 0) {
    findings.error(['routes'], { what: 'no routes', expected: 'at least one route', standsAlone: true }, 'key');
  }
  const trustedProxies = found.trusted_proxies ?? [];
  const hasAdminToken = isRawMap(content) && 'admin_token' in content;
  warnOfDangers(
    { routes: drafts, issuers, issuerNames: issuerNames ?? [], trustedProxies, admin: found.admin, hasAdminToken },
    findings,
  );

  if (complete === undefined) return undefined;
  const everyIssuer = new Set(issuers.keys());
  const routes = drafts.flatMap(draft => buildRoute(draft, everyIssuer) ?? []);
  return { ...readListenerSettings(complete), issuers, routes };
}
