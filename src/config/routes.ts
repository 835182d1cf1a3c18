/** The map `routes`: its entries read and checked, and the `Route` of each. */

import type { RequiredClaim, Route, ScopeRule } from './config.ts';
import { buildCors } from './cors-config.ts';
import type { DiagnosticCollector } from './diagnostics/diagnostic-collector.ts';
import { buildExceptions } from './exceptions/exception.ts';
import { readExchange } from './exchange.ts';
import type { Exchange } from './exchange-config.ts';
import { buildHeaderRules, checkHeaderRules } from './header-rules.ts';
import type { Surroundings } from './issuers.ts';
import { buildMcp, MCP_TIMEOUTS } from './mcp-config.ts';
import { type RouteSettings, routeSchema } from './schema/route-schema.ts';
import { readSettings, type Settings } from './schema/settings.ts';
import { listEndpoints, UPSTREAM_DEFAULTS } from './schema/upstream-schema.ts';
import { describeMissingKey, isMisspelled } from './schema/zod-diagnostic.ts';
import type { FilePlace, Path } from './source/document.ts';
import { isRawMap, type RawMap } from './source/raw-map.ts';
import { UpstreamTlsReader } from './tls/upstream-tls.ts';
import type { Timeouts, Upstream, UpstreamTls } from './upstream-config.ts';
import { ENDPOINT } from './values/address/endpoint.ts';
import { RESOURCE } from './values/address/uri.ts';
import { parseClaimPath } from './values/claim-path.ts';
import { decodePathPrefix } from './values/path/path-prefix.ts';
import { parseRouteKey, type RouteTarget } from './values/path/route-key.ts';
import { parseScopeKey } from './values/scope-rule.ts';
import { defaultUpstreamToken, isContradicted, readUpstreamToken } from './values/upstream-token.ts';

const UPSTREAM = `${ENDPOINT} or a list or a map`;

/** Milliseconds, for every upstream but an MCP server. */
const USUAL_TIMEOUTS = { response: 60_000, idle: 300_000 } as const;

/** As much of a route as could be read. */
export interface RouteDraft extends Settings<RouteSettings> {
  readonly key: string;
  readonly path: Path;
  readonly place: FilePlace;
  readonly target: RouteTarget | undefined;
  readonly tls: UpstreamTls | undefined;
  readonly exchange: Exchange | undefined;
  /** Whether the key is written, with or without an error. */
  readonly hasUpstream: boolean;
}

/**
 * @param isUpstreamOptional whether `upstream` may be left out, since another proxy may be what forwards, or nothing is forwarded.
 * @returns a draft of each route of `raw`, in the order of the YAML.
 */
export function readRoutes(
  raw: RawMap,
  surroundings: Surroundings,
  diagnostics: DiagnosticCollector,
  isUpstreamOptional: boolean,
): readonly RouteDraft[] {
  const tlsReader = new UpstreamTlsReader(surroundings.files);
  return Object.entries(raw).map(([key, entry]) => {
    const path = ['routes', key];
    const target = parseRouteKey(key);
    if (!target.ok) diagnostics.error(path, target.rejection, 'key');
    const settings = readSettings(routeSchema, path, entry, diagnostics);
    checkRequiredKeys(entry, settings.found, path, diagnostics);
    if (!isUpstreamOptional) checkUpstream(entry, path, diagnostics);
    checkAliases(settings.found, path, diagnostics);
    checkTokenKeys(settings.found, path, diagnostics);
    checkHeaderRules(settings.found, path, diagnostics);
    return {
      ...settings,
      ...{ key, path, place: diagnostics.locate(path), target: target.ok ? target.value : undefined },
      tls: tlsReader.read(entry, path, diagnostics),
      exchange: readExchange(settings.found, path, surroundings, diagnostics),
      hasUpstream: isRawMap(entry) && 'upstream' in entry,
    };
  });
}

/**
 * @param issuers all issuers: one set, which all routes share that name none.
 * @returns the route; `undefined` for a draft with errors.
 */
export function buildRoute(
  { key, target, complete, tls, exchange }: RouteDraft,
  issuers: ReadonlySet<string>,
): Route | undefined {
  if (target === undefined || complete === undefined) return undefined;
  const scopeRules = complete.public ? [] : buildScopeRules(complete.scopes);
  const common = {
    key,
    id: complete.id ?? key,
    name: complete.name,
    ...target,
    upstream: buildUpstream(complete, tls),
    stripPrefix: complete.strip_prefix,
    rewriteLocation: complete.rewrite_location,
    requestHeaders: buildHeaderRules(complete.request_headers),
    responseHeaders: buildHeaderRules(complete.response_headers),
    ...buildUpstreamToken(complete),
    allowEncoded: new Set(complete.allow_encoded),
    cors: buildCors(complete.cors, { scopeRules, isMcp: complete.mcp !== undefined, resource: complete.resource }),
    limits: { body: complete.limits.body, inFlight: complete.limits.in_flight },
    mcp: buildMcp(complete.mcp, { resource: complete.resource, corsOrigins: complete.cors?.origins ?? [] }),
  };
  if (complete.public) return { ...common, public: true };
  if (complete.resource === undefined) return undefined;
  return {
    ...common,
    public: false,
    resource: complete.resource,
    audiences: new Set([complete.resource, ...complete.audiences]),
    multipleAudiences: complete.multiple_audiences,
    issuers: complete.issuers === undefined ? issuers : new Set(complete.issuers),
    scopeRules,
    scopePaths: complete.scope_claim,
    requiredClaims: buildRequiredClaims(complete.claims),
    metadata: {
      scopes: complete.metadata.scopes,
      authorizationServers: complete.metadata.authorization_servers,
    },
    enforcement: complete.enforcement,
    exceptions: buildExceptions(complete.exceptions),
    wouldDenyHeader: complete.would_deny_header,
    claimsToHeaders: new Map(Object.entries(complete.claims_to_headers)),
    exchange,
    endAtExpiry: complete.end_at_expiry,
  };
}

function buildUpstream(
  { upstream = UPSTREAM_DEFAULTS, timeouts, mcp }: RouteSettings,
  tls: UpstreamTls | undefined,
): Upstream {
  const { preserve_host, keep_alive, max_response_headers, lenient } = upstream;
  const connection = { keepAlive: keep_alive, maxResponseHeaders: max_response_headers, lenient };
  const endpoints = listEndpoints(upstream);
  return { endpoints, timeouts: buildTimeouts(timeouts, mcp), preserveHost: preserve_host, tls, ...connection };
}

function buildTimeouts(settings: RouteSettings['timeouts'], mcp: RouteSettings['mcp']): Timeouts {
  const { connect, response, idle, after_expiry } = settings;
  const usual = mcp ? MCP_TIMEOUTS : USUAL_TIMEOUTS;
  return {
    ...{ connect, response: response ?? usual.response, idle: idle ?? usual.idle },
    afterExpiry: after_expiry,
  };
}

function buildUpstreamToken(settings: RouteSettings): Pick<Route, 'upstreamToken' | 'isUpstreamTokenWritten'> {
  const written = readUpstreamToken(settings);
  const enforcement = settings.public || settings.mcp !== undefined ? undefined : settings.enforcement;
  return { upstreamToken: written ?? defaultUpstreamToken(enforcement), isUpstreamTokenWritten: written !== undefined };
}

function buildScopeRules(scopes: RouteSettings['scopes']): readonly ScopeRule[] {
  if (Array.isArray(scopes)) return [{ method: '*', path: '/', scopes }];
  return Object.entries(scopes).flatMap(([key, list]) => {
    const rule = parseScopeKey(key);
    return rule.ok ? [{ ...rule.value, path: decodePathPrefix(rule.value.path), scopes: list }] : [];
  });
}

function buildRequiredClaims(claims: RouteSettings['claims']): readonly RequiredClaim[] {
  return Object.entries(claims).flatMap(([text, values]) => {
    const path = parseClaimPath(text);
    return path.ok ? [{ path: path.value, values: new Set(values) }] : [];
  });
}

/** The routes on which each key has a meaning. */
const MEANING: Readonly<Record<keyof RouteSettings, 'every route' | 'protected routes'>> = {
  public: 'every route',
  id: 'every route',
  name: 'every route',
  resource: 'protected routes',
  audiences: 'protected routes',
  multiple_audiences: 'protected routes',
  issuers: 'protected routes',
  upstream: 'every route',
  mcp: 'every route',
  strip_prefix: 'every route',
  rewrite_location: 'every route',
  request_headers: 'every route',
  response_headers: 'every route',
  allow_encoded: 'every route',
  scopes: 'protected routes',
  scope_claim: 'protected routes',
  claims: 'protected routes',
  metadata: 'protected routes',
  enforcement: 'protected routes',
  exceptions: 'protected routes',
  would_deny_header: 'protected routes',
  upstream_token: 'every route',
  forward_token: 'every route',
  exchange: 'protected routes',
  claims_to_headers: 'protected routes',
  cors: 'every route',
  timeouts: 'every route',
  limits: 'every route',
  end_at_expiry: 'protected routes',
};

const PROTECTED_ONLY = Object.entries(MEANING).flatMap(([key, where]) => (where === 'protected routes' ? [key] : []));

function checkRequiredKeys(
  raw: unknown,
  found: Partial<RouteSettings>,
  path: Path,
  diagnostics: DiagnosticCollector,
): void {
  if (!isRawMap(raw)) return;
  if (found.public === false && !('resource' in raw) && !isMisspelled('resource', { schema: routeSchema, raw })) {
    diagnostics.error([...path, 'resource'], describeMissingKey('resource', `${RESOURCE}, or public: true`), 'parent');
  }
  if (found.public !== true) return;
  for (const key of PROTECTED_ONLY.filter(name => name in raw)) {
    const expected = 'a route without it, or without public: true';
    diagnostics.error(
      [...path, key],
      { code: 'public-route-key', what: 'has no effect on a public route', expected },
      'key',
    );
  }
}

function checkUpstream(raw: unknown, path: Path, diagnostics: DiagnosticCollector): void {
  if (!isRawMap(raw) || 'upstream' in raw || isMisspelled('upstream', { schema: routeSchema, raw })) return;
  diagnostics.error([...path, 'upstream'], describeMissingKey('upstream', UPSTREAM), 'parent');
}

function checkTokenKeys(found: Partial<RouteSettings>, path: Path, diagnostics: DiagnosticCollector): void {
  if (!isContradicted(found)) return;
  const what = `contradicts upstream_token: ${found.upstream_token}`;
  diagnostics.error([...path, 'forward_token'], { what, expected: 'one of the two' });
}

function checkAliases(
  { resource, audiences }: Partial<RouteSettings>,
  path: Path,
  diagnostics: DiagnosticCollector,
): void {
  const index = resource === undefined ? -1 : (audiences?.indexOf(resource) ?? -1);
  if (index === -1) return;
  diagnostics.error([...path, 'audiences', index], {
    what: 'is already accepted: it is the resource',
    expected: 'no entry for it',
  });
}
