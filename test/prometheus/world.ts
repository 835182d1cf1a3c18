/** A built gateway under a real Prometheus, and traffic that makes every kind of event there is a panel or an alert for. */

import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream } from '../support/upstream.ts';
import { CONFIG } from './artifacts.ts';

export const PROFILE = 'https://profile.example.com/';
export const BILLING = 'https://billing.example.com/';
/** Nobody listens there: the discard service is not for TCP on loopback. */
const NOBODY = 'http://127.0.0.1:9';
/** Seconds. */
export const SCRAPE_INTERVAL = 0.5;
/** How often the token for profile is sent to billing in one round. */
export const REPLAYS = 2;
/** And how often one for an API that is not here, to profile. */
export const FOREIGN = 25;
export const ROUNDS = 2;
const MAIN = join(import.meta.dirname, '../../dist/main.js');

export interface World {
  readonly prometheus: Prometheus;
  /** Seconds since the epoch, before the first request. */
  readonly startedAt: number;
  /** Scraped some times, and not asked for anything yet. */
  readonly idleAt: number;
  close(): Promise<void>;
}

/** Starts everything, lets the gateway live through it all, and settles once Prometheus has seen the last of it. */
export async function liveThroughEverything(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-scraped-'));
  const started: { close(): Promise<unknown> }[] = [];
  const keep = <T extends { close(): Promise<unknown> }>(one: T): T => {
    started.unshift(one);
    return one;
  };
  const close = async () => {
    for (const one of started) await one.close();
    rmSync(folder, { recursive: true });
  };
  try {
    const issuer = keep(await startTokenIssuer());
    const upstream = keep(await startUpstream({ handle: answerSlowly }));
    const file = join(folder, 'audgate.yaml');
    writeFileSync(file, configure(issuer, upstream.origin));
    const gateway = keep(await startGatewayProcess(file));
    const prometheus = keep(await startPrometheus(scrape(gateway.adminPort)));
    const startedAt = Date.now() / 1000;
    await prometheus.until(lasting('up == 1'));
    const idleAt = Date.now() / 1000;
    await liveThrough(prometheus, gateway, issuer, file);
    return { prometheus, startedAt, idleAt, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function liveThrough(prometheus: Prometheus, gateway: GatewayProcess, issuer: TokenIssuer, file: string) {
  const webSocket = await openWebSocket(gateway.port, await issuer.sign({ claims: { aud: PROFILE } }));
  for (let round = 1; round <= ROUNDS; round++) {
    await sendRound(gateway.port, issuer);
    await prometheus.until(lasting(`sum(audgate_requests_total{route="/down"}) == ${2 * round}`));
  }
  const good = readFileSync(file);
  writeFileSync(file, 'routes: nonsense\n');
  await gateway.reload('reload failed');
  writeFileSync(file, good);
  await gateway.reload('configuration loaded');
  await prometheus.until(lasting('sum(audgate_config_reloads_total) == 2'));
  await prometheus.until(lasting('increase(audgate_jwks_fetches_total{outcome="failure"}[10s]) > 0'));
  await prometheus.until('ALERTS{alertname="AudgateConfusedDeputy", alertstate="firing"}');
  webSocket.terminate();
}

/** So for some scrapes: each event is a step of its own in its counter, and no query over a range ends before it. */
function lasting(expression: string): string {
  return `count_over_time((${expression})[5s:${SCRAPE_INTERVAL * 1000}ms]) > 2`;
}

async function openWebSocket(port: number, token: string): Promise<WebSocket> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/profile`, { headers: { authorization: `Bearer ${token}` } });
  await once(webSocket, 'open');
  return webSocket.on('error', () => webSocket.terminate());
}

/** The head at once, the rest after the 250 ms that a panel and an alert look for, where the path says so. */
function answerSlowly(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200).flushHeaders();
  setTimeout(() => response.end('done'), request.url?.endsWith('/slow') ? 300 : 0);
}

function configure(issuer: TokenIssuer, upstream: string): string {
  return `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
drain: { delay: 1ms, limit: 1s }
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
  https://away.example.com: { jwks_uri: "${NOBODY}/jwks" }
routes:
  /profile: { resource: "${PROFILE}", upstream: "${upstream}", multiple_audiences: only }
  /billing: { resource: "${BILLING}", upstream: "${upstream}", scopes: ["billing:read"] }
  /legacy: { resource: "https://legacy.example.com/", upstream: "${upstream}", enforcement: report }
  /verified: { resource: "https://verified.example.com/", upstream: "${upstream}", enforcement: verify }
  /down: { public: true, upstream: "${NOBODY}" }
`;
}

function scrape(adminPort: number): string {
  return `
global: { scrape_interval: ${SCRAPE_INTERVAL * 1000}ms, evaluation_interval: 500ms }
rule_files: ["${join(CONFIG, 'prometheus/alerts.yaml')}"]
scrape_configs:
  - { job_name: audgate, scrape_timeout: ${SCRAPE_INTERVAL * 1000}ms, static_configs: [{ targets: ["127.0.0.1:${adminPort}"] }] }
`;
}

/** Denials of all kinds, refused and only reported; a failing upstream; a slow body. */
async function sendRound(port: number, issuer: TokenIssuer): Promise<void> {
  const tokenFor = (aud: unknown, claims = {}) => issuer.sign({ claims: { aud, ...claims } });
  const [profile, billing, foreign, missing, both, expired] = await Promise.all([
    tokenFor(PROFILE),
    tokenFor(BILLING, { scope: 'billing:read' }),
    tokenFor('https://elsewhere.example.com/'),
    tokenFor(undefined),
    tokenFor([PROFILE, BILLING]),
    tokenFor(PROFILE, { exp: 1 }),
  ]);
  const send = (path: string, token?: string) => {
    const headers = token === undefined ? [] : ([['Authorization', `Bearer ${token}`]] as const);
    return request(port, { path, headers });
  };
  await Promise.all([
    ...Array.from({ length: REPLAYS }, () => send('/billing', profile)),
    ...Array.from({ length: FOREIGN }, () => send('/profile', foreign)),
    ...[profile, missing, both, expired, undefined, 'nonsense'].map(token => send('/profile', token)),
    ...[profile, foreign, missing, expired, undefined].map(token => send('/legacy', token)),
    ...[profile, foreign, undefined].map(token => send('/verified', token)),
    send('/billing/slow', billing),
    send('/billing', await tokenFor(BILLING)),
    send('/down'),
    send('/down'),
    send('/nowhere'),
  ]);
}

interface GatewayProcess {
  readonly port: number;
  readonly adminPort: number;
  /** Reloads, and settles with the line that tells how it went. */
  reload(message: string): Promise<unknown>;
  close(): Promise<unknown>;
}

async function startGatewayProcess(file: string): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = on(createInterface(child.stdout), 'line', { close: ['close'] });
  const line = async (message: string): Promise<Readonly<Record<string, unknown>>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the gateway ended before "${message}"`);
      const entry = JSON.parse(value[0]);
      if (entry.msg === message) return entry;
    }
  };
  const { listen, admin } = (await line('listening')) as Readonly<
    Record<'listen' | 'admin', { readonly port: number }>
  >;
  return {
    port: listen.port,
    adminPort: admin.port,
    reload: (message: string) => {
      child.kill('SIGHUP');
      return line(message);
    },
    close: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
