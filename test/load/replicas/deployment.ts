/** Replicas of the gateway behind HAProxy, with one issuer, one upstream, one file, and a Prometheus that scrapes them all. */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Prometheus, startPrometheus } from '../../support/prometheus.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { Replica } from './replica.ts';

export const RESOURCE = 'https://a.example.com/';
export const SIBLING = 'https://b.example.com/';
/** Seconds. */
export const SCRAPE_INTERVAL = 2;
/** Seconds. */
export const KEYS = { refresh: 5, cooldown: 2 } as const;
/** Milliseconds. */
const ANSWER_TIME = 500;

export interface Deployment {
  readonly replicas: readonly Replica[];
  readonly balancer: Balancer;
  readonly issuer: TokenIssuer;
  readonly prometheus: Prometheus;
  /** When each fetch of the keys was seen, by `performance.now()`. */
  readonly fetches: readonly number[];
  /** How often keys had been fetched when the last replica was ready. */
  readonly fetchesAtStart: number;
  /** What the upstream has not answered yet, by the admin port of the replica that sent it. */
  readonly underWay: ReadonlyMap<string, ReadonlySet<ServerResponse>>;
  /** Resolves when the upstream gets a request by way of `replica`. */
  serves(replica: Replica): Promise<void>;
  /** Puts a new version of the file into its place. */
  configure(version: number): void;
  close(): Promise<void>;
}

export async function deploy(count: number): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-replicas-'));
  const file = join(folder, 'audgate.yaml');
  const [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const fetches: number[] = [];
  const watching = setInterval(() => {
    while (fetches.length < issuer.fetches) fetches.push(performance.now());
  }, 10);
  const configure = (version: number) => {
    writeFileSync(`${file}.new`, createConfiguration(issuer, upstream, version));
    renameSync(`${file}.new`, file);
  };
  configure(0);
  const seen = watchReplicas(upstream);
  const replicas = await Promise.all(Array.from({ length: count }, () => Replica.at(file)));
  await Promise.all(replicas.map(replica => replica.start()));
  const fetchesAtStart = issuer.fetches;
  const balancer = await startBalancer(replicas);
  const prometheus = await startPrometheus(scrape(replicas));
  return {
    ...{ replicas, balancer, issuer, prometheus, fetches, fetchesAtStart, configure, ...seen },
    close: async () => {
      clearInterval(watching);
      await Promise.all([...replicas.map(replica => replica.kill()), balancer.close(), prometheus.close()]);
      await Promise.all([issuer.close(), upstream.close()]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Makes the upstream answer late, so that something is always under way, and note by which replica each request came. */
function watchReplicas(upstream: Upstream): Pick<Deployment, 'underWay' | 'serves'> {
  const underWay = new Map<string, Set<ServerResponse>>();
  const waiting = new Map<string, () => void>();
  upstream.handle = (request, response) => {
    upstream.received.length = 0;
    const replica = String(request.headers['x-replica']);
    waiting.get(replica)?.();
    const open = underWay.get(replica) ?? new Set();
    underWay.set(replica, open.add(response));
    response.once('close', () => open.delete(response));
    request.resume();
    setTimeout(() => response.end('ok'), ANSWER_TIME);
  };
  const serves = ({ adminPort }: Replica) =>
    new Promise<void>(resolve => {
      waiting.set(String(adminPort), resolve);
    });
  return { underWay, serves };
}

/** Each version but the first has a route more. */
function createConfiguration({ issuer, jwksUri }: TokenIssuer, { origin }: Upstream, version: number): string {
  const named = "request_headers: { set: { X-Replica: '${ADMIN_PORT}' } }";
  return `
listen: 127.0.0.1:\${PORT}
admin: 127.0.0.1:\${ADMIN_PORT}
drain: { delay: 1s, limit: 10s }
issuers: { '${issuer}': { jwks_uri: '${jwksUri}', keys: { refresh: ${KEYS.refresh}s, cooldown: ${KEYS.cooldown}s } } }
routes:
  /a: { resource: '${RESOURCE}', upstream: '${origin}', ${named} }
  /b: { resource: '${SIBLING}', upstream: '${origin}' }
  /open: { public: true, upstream: '${origin}', ${named} }
${version > 0 ? `  /v${version}: { public: true, upstream: '${origin}' }\n` : ''}`;
}

function scrape(replicas: readonly Replica[]): string {
  const targets = JSON.stringify(replicas.map(({ adminPort }) => `127.0.0.1:${adminPort}`));
  return `
global: { scrape_interval: ${SCRAPE_INTERVAL}s, scrape_timeout: ${SCRAPE_INTERVAL}s }
scrape_configs: [{ job_name: audgate, static_configs: [{ targets: ${targets} }] }]
`;
}
