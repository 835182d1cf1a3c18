/** Routes as `loadConfig` makes them, for tests that need a few of their fields to be something particular. */

import type { ProtectedRoute, PublicRoute, Route } from '../../../src/config/config.ts';
import type { Endpoint, Upstream } from '../../../src/config/upstream-config.ts';

/** `http://HOST:PORT`, as the YAML would have it. */
export function endpointAt(origin: string, basePath = ''): Endpoint {
  const { host, hostname, port } = new URL(origin);
  const label = `${hostname}:${port || (origin.startsWith('https:') ? 443 : 80)}`;
  return { origin, basePath, authority: host, socketPath: undefined, label };
}

/** An upstream for which the YAML has only a URL, without its URL and time-outs. */
export const USUAL_CONNECTIONS: Omit<Upstream, 'endpoints' | 'timeouts'> = {
  preserveHost: false,
  tls: undefined,
  keepAlive: { idle: 60_000, maxAge: 600_000 },
  maxResponseHeaders: 16 * 1024,
  lenient: false,
};

/** The keys about header fields, where the YAML has none of them. */
export const USUAL_FIELDS: Pick<Route, 'rewriteLocation' | 'requestHeaders' | 'responseHeaders'> = {
  rewriteLocation: true,
  requestHeaders: { set: new Map(), remove: new Set() },
  responseHeaders: { set: new Map(), remove: new Set() },
};

const COMMON = {
  name: undefined,
  host: undefined,
  upstream: {
    endpoints: [endpointAt('http://127.0.0.1:1')],
    timeouts: { connect: 1_000, response: 1_000, idle: 1_000, afterExpiry: 20_000 },
    ...USUAL_CONNECTIONS,
  },
  stripPrefix: false,
  ...USUAL_FIELDS,
  upstreamToken: 'strip',
  isUpstreamTokenWritten: true,
  allowEncoded: new Set<string>(),
  cors: undefined,
  limits: { body: undefined, inFlight: 100 },
  mcp: undefined,
} as const;

/** `audiences` is the resource alone, unless it is given. */
export function protectedRoute(fields: Partial<ProtectedRoute> & { readonly prefix: string }): ProtectedRoute {
  const resource = fields.resource ?? 'https://api.example/';
  return {
    ...COMMON,
    ...namesOf(fields),
    public: false,
    resource,
    audiences: new Set([resource]),
    multipleAudiences: 'any',
    issuers: new Set(['https://login.example']),
    scopeRules: [{ method: '*', path: '/', scopes: [] }],
    scopePaths: undefined,
    requiredClaims: [],
    metadata: { scopes: undefined, authorizationServers: undefined },
    enforcement: 'enforce',
    exceptions: new Map(),
    wouldDenyHeader: false,
    claimsToHeaders: new Map(),
    exchange: undefined,
    endAtExpiry: undefined,
    ...fields,
  };
}

export function publicRoute(fields: Partial<PublicRoute> & { readonly prefix: string }): PublicRoute {
  return { ...COMMON, ...namesOf(fields), public: true, ...fields };
}

function namesOf({ host = '', prefix, key = `${host}${prefix}` }: Partial<Route> & { readonly prefix: string }) {
  return { key, id: key };
}
