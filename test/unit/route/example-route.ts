/** Routes as `loadConfig` makes them, for tests that need a few of their fields to be something particular. */

import type { ProtectedRoute, PublicRoute } from '../../../src/config/config.ts';

const COMMON = {
  name: undefined,
  host: undefined,
  upstream: {
    origin: 'http://127.0.0.1:1',
    basePath: '',
    timeouts: { connect: 1_000, response: 1_000, idle: 1_000 },
  },
  stripPrefix: false,
  upstreamToken: 'strip',
  isUpstreamTokenWritten: true,
  allowEncoded: new Set<string>(),
  limits: { body: undefined, inFlight: 100 },
} as const;

/** `audiences` is the resource alone, unless it is given. */
export function protectedRoute(fields: Partial<ProtectedRoute> & { readonly prefix: string }): ProtectedRoute {
  const resource = fields.resource ?? 'https://api.example/';
  return {
    ...COMMON,
    key: `${fields.host ?? ''}${fields.prefix}`,
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
    wouldDenyHeader: false,
    claimsToHeaders: new Map(),
    endAtExpiry: undefined,
    ...fields,
  };
}

export function publicRoute(fields: Partial<PublicRoute> & { readonly prefix: string }): PublicRoute {
  return { ...COMMON, key: `${fields.host ?? ''}${fields.prefix}`, public: true, ...fields };
}
