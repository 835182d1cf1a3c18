/** A status page with something in each of its places, for tests that put something particular there. */

import type { StatusPage } from '../../../src/admin/page/page.ts';
import type { Config } from '../../../src/config/config.ts';
import { buildExceptions } from '../../../src/config/exceptions/exception.ts';
import { RevokedTokens } from '../../../src/config/revoked/revoked-tokens.ts';
import type { ResourceUri } from '../../../src/config/values/address/uri.ts';
import { Metrics } from '../../../src/telemetry/metrics/metrics.ts';
import { RecentTraffic } from '../../../src/telemetry/recent/recent-traffic.ts';
import type { Report } from '../../../src/telemetry/report.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';
import { finishedRequest } from '../telemetry/finished-example.ts';
import { exampleToken } from '../token/example-token.ts';

/** Every string that reaches the page from outside: of the operator, of an issuer, of a caller. */
export interface Texts {
  readonly version: string;
  readonly file: string;
  readonly hash: string;
  readonly key: string;
  readonly name: string;
  readonly resource: string;
  readonly sibling: string;
  readonly issuer: string;
  readonly lastError: string;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly clientId: string;
  readonly owner: string;
  readonly problemPath: string;
  readonly message: string;
}

export const PLAIN: Texts = {
  version: '1.2.3',
  file: '/etc/audgate/audgate.yaml',
  hash: 'ab12',
  key: '/billing',
  name: 'Billing',
  resource: 'https://billing.example/',
  sibling: 'https://profile.example/',
  issuer: 'https://login.example',
  lastError: 'no answer',
  requestId: '0b6d1d3e',
  method: 'GET',
  path: '/billing/1',
  host: 'api.example',
  clientId: 'shop',
  owner: 'team-shop',
  problemPath: 'routes./billing',
  message: 'is dangerous',
};

/** @returns the page with `texts` in their places. */
export async function examplePage(texts: Texts): Promise<StatusPage> {
  const now = new Date('2026-11-23T12:00:00Z');
  const config = exampleConfig(texts);
  return {
    now,
    info: {
      version: texts.version,
      startedAt: now,
      loadedAt: now,
      config,
      warnings: [
        {
          severity: 'warning',
          code: 'unused-issuer',
          file: texts.file,
          line: 3,
          column: 5,
          path: texts.problemPath,
          message: texts.message,
        },
      ],
    },
    readiness: { ready: false, draining: false, waitingFor: [texts.issuer] },
    report: await exampleReport(config, texts, now),
  };
}

function exampleConfig({ file, hash, key, name, resource, sibling, issuer, clientId, owner }: Texts): Config {
  const algorithms = new Set(['ES256']);
  const keys = {
    refresh: 600_000,
    cooldown: 30_000,
    maxStale: 86_400_000,
    timeout: 1,
    caFile: undefined,
    tokenFile: undefined,
    proxy: undefined,
  };
  return {
    source: { file, hash, included: [], routePlaces: new Map(), files: [] },
    listen: { host: '127.0.0.1', port: 8080 },
    tls: undefined,
    admin: { host: '127.0.0.1', port: 9090 },
    revoked: new RevokedTokens(),
    authorizer: undefined,
    adminHosts: new Set(),
    adminTokenHash: undefined,
    limits: { headers: 16_384, connections: 100 },
    timeouts: { headers: 1_000, body: 1_000, keepAlive: 1_000 },
    drain: { delay: 1, limit: 1_000 },
    workers: 1,
    trustedProxies: [],
    accessLog: { omit: new Set() },
    issuers: new Map([
      [
        issuer,
        {
          issuer,
          keySource: { kind: 'discovery' },
          algorithms,
          tokenTypes: new Set(['at+jwt']),
          scopeSource: { paths: undefined, separator: ' ' },
          impliedScopes: new Map(),
          audienceClaim: 'aud',
          leeway: 30_000,
          expiryLeeway: 0,
          keys,
          introspection: undefined,
        },
      ],
    ]),
    routes: [
      protectedRoute({ prefix: '/a', key, name, resource: resource as ResourceUri, enforcement: 'report' }),
      protectedRoute({
        ...{ prefix: '/b', key: `${key}2`, resource: sibling as ResourceUri },
        exceptions: buildExceptions([
          { client_id: clientId, reasons: ['wrong_audience'], until: '2026-11-30', owner, iss: issuer },
          { client_id: clientId, reasons: ['wrong_claim'], until: '2026-11-20', owner },
        ]),
      }),
      publicRoute({ prefix: '/c', key: `${key}3` }),
    ],
  };
}

async function exampleReport({ routes }: Config, texts: Texts, now: Date): Promise<Report> {
  const { requestId, key, method, path, host, issuer, clientId, sibling, lastError } = texts;
  const metrics = new Metrics({ keySets: () => [] });
  const denial = { reason: 'wrong_audience', presented: sibling as ResourceUri } as const;
  const verified = exampleToken({ issuer, claims: { client_id: clientId } });
  const traffic = new RecentTraffic();
  for (const request of [
    finishedRequest({ route: routes[0], outcome: 'reported', denial, verified, upstreamMs: 8 }),
    finishedRequest({ outcome: 'denied', denial: { reason: 'no_route' } }),
    finishedRequest({
      route: routes[2],
      outcome: 'failed',
      failure: { reason: 'upstream_timeout', cause: 'response_timeout' },
    }),
  ]) {
    metrics.record(request);
    traffic.record(request);
  }
  const common = { at: now.getTime(), route: key, reason: 'wrong_audience', action: 'forwarded', status: 200 } as const;
  const denials = [{ ...common, requestId, method, path, host, presented: sibling, issuer, clientId }];
  return {
    metrics: await metrics.list(),
    denials: [...denials, ...Array.from({ length: 25 }, () => ({ ...common, requestId, method, path, host }))],
    traffic: { ...traffic.list(), since: now.getTime() },
    exceptions: [
      {
        route: `${key}2`,
        uses: [{ of: { clientId, issuer, presented: undefined }, reason: 'wrong_audience', count: 2, lastAt: 1 }],
      },
    ],
    upstreams: [
      { upstream: `127.0.0.1:1`, leftOutSeconds: 0 },
      { upstream: `/run/${host}.sock`, cause: 'refused' as const, leftOutSeconds: 1.5 },
    ],
    keySets: [
      { issuer, keys: 0, ageSeconds: undefined, lastError, refused: [] },
      {
        issuer,
        keys: 1,
        ageSeconds: 3_725,
        lastError: undefined,
        refused: [
          { keyId: key, reason: lastError, isFault: true },
          { keyId: undefined, reason: lastError, isFault: false },
        ],
      },
    ],
  };
}
