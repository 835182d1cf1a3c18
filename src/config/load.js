/** A configuration file → `Config`, or every error that it has, in the order of the steps. */
import { dirname, resolve } from 'node:path';
import { DiagnosticCollector } from './diagnostics/diagnostic-collector.js';
import { freezeDeep } from './freeze.js';
import { readIssuers } from './issuers.js';
import { checkListeners, checkRoutes } from './lint/cross-checks.js';
import { addWarnings } from './lint/warnings.js';
import { buildRoute, readRoutes } from './routes.js';
import { fileSchema } from './schema/file-schema.js';
import { readSettings } from './schema/settings.js';
import { isMisspelled } from './schema/zod-diagnostic.js';
import { readContent } from './source/content.js';
import { YamlDocument } from './source/document.js';
import { isRawMap } from './source/raw-map.js';
import { ReferencedFiles } from './source/referenced-files.js';
import { readSourceFile } from './source/source-file.js';
import { readListenerTls } from './tls/listener-tls.js';
import { readProxy } from './values/address/cidr.js';
/**
 * Reads `file`, replaces its references from `environment`, checks everything and fills in the defaults.
 *
 * @returns the frozen configuration with its warnings, or every error. Never throws for what the file holds.
 */
export function loadConfig(file, environment) {
    const read = readSourceFile(file);
    return read.ok ? loadSource(read.source, environment) : read;
}
/** As `loadConfig`, for a text that was read before. Files that the text names are read now. */
export function loadSource(source, environment) {
    return loadCollected(source, environment).result;
}
/** As `loadSource`, for somebody who finds more to say about the file. */
export function loadCollected(source, environment) {
    const { document, syntaxErrors } = YamlDocument.parse(source.text);
    const diagnostics = new DiagnosticCollector(source.file, document);
    for (const error of syntaxErrors)
        diagnostics.syntaxError(error);
    return { result: loadDocument(document, source, environment, diagnostics), diagnostics };
}
function loadDocument(document, { file, hash }, environment, diagnostics) {
    if (diagnostics.isUnreadable)
        return { ok: false, diagnostics: diagnostics.sorted };
    const folder = dirname(resolve(file));
    const content = readContent(document, { environment, folder, files: new Map() }, diagnostics);
    const files = new ReferencedFiles(folder);
    const config = diagnostics.isUnreadable
        ? undefined
        : buildConfig(content, { folder, environment, files }, diagnostics);
    if (config === undefined || diagnostics.hasErrors) {
        return { ok: false, diagnostics: diagnostics.sorted, files: files.list() };
    }
    return {
        ok: true,
        config: freezeDeep({ source: { file, hash, files: files.list() }, ...config }),
        warnings: diagnostics.sorted,
    };
}
/** Reads each issuer and route, runs the checks that need the whole file, then builds the configuration. */
function buildConfig(content, surroundings, diagnostics) {
    if (content === null) {
        diagnostics.error([], { what: 'the file is empty', expected: 'a map with the key routes', standsAlone: true });
        return undefined;
    }
    const settings = readSettings(fileSchema, [], content, diagnostics);
    const draft = readEntries(settings, content, surroundings, diagnostics);
    const tls = settings.found.tls && readListenerTls(settings.found.tls, surroundings.files, diagnostics);
    checkFile(settings, draft, content, diagnostics);
    addWarnings(draft, diagnostics);
    if (settings.complete === undefined)
        return undefined;
    const everyIssuer = new Set(draft.issuers.keys());
    const routes = draft.routes.flatMap(route => buildRoute(route, everyIssuer) ?? []);
    return { ...buildProcessSettings(settings.complete), tls, issuers: draft.issuers, routes };
}
function readEntries({ found }, content, surroundings, diagnostics) {
    const isReadable = found.issuers !== undefined && !isMisspelled('issuers', { schema: fileSchema, raw: content });
    return {
        issuers: readIssuers(found.issuers ?? {}, surroundings, diagnostics),
        issuerNames: isReadable ? Object.keys(found.issuers ?? {}) : undefined,
        routes: readRoutes(found.routes ?? {}, surroundings.files, diagnostics),
        trustedProxies: found.trusted_proxies ?? [],
        admin: found.admin,
        hasAdminToken: isRawMap(content) && 'admin_token' in content,
    };
}
function checkFile({ found }, { routes, issuerNames }, content, diagnostics) {
    if (found.listen && found.admin)
        checkListeners(found.listen, found.admin, content, diagnostics);
    checkRoutes(routes, issuerNames, diagnostics);
    if (found.routes && routes.length === 0) {
        diagnostics.error(['routes'], { what: 'no routes', expected: 'at least one route', standsAlone: true }, 'key');
    }
}
function buildProcessSettings(settings) {
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
        trustedProxies: trusted_proxies.flatMap(text => readProxy(text) ?? []),
    };
}
