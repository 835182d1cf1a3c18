/** Two jobs of two built gateways each under one real Prometheus, and traffic with every kind of event that has a panel or an alert. */

import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream } from '../support/upstream.ts';
import { CONFIG } from './artifacts.ts';
import { BATCH, BILLING, PROFILE, ROUNDS, sendForSeveral, sendRound, TOOLS } from './traffic.ts';

/** Nothing listens there. */
const NOBODY = 'http://127.0.0.1:9';
/** Seconds. */
export const SCRAPE_INTERVAL = 0.5;
const MAIN = join(import.meta.dirname, '../../dist/main.js');

/** The jobs, which are also the prefix of their route keys. None has the name of the product. */
export const JOBS = { 'gateway/eu': '', 'gateway/us': '/us' } as const;
export type Job = keyof typeof JOBS;

export interface World {
  readonly prometheus: Prometheus;
  /** The address of each instance; the first gets `ROUNDS` rounds and a reload, the others one round. */
  readonly instances: Readonly<Record<Job, readonly [string, string]>>;
  /** A folder with the access log of both instances of a job, as the alerts name it. */
  readonly logs: Readonly<Record<Job, string>>;
  /** Seconds since the epoch, before the first request. */
  readonly startedAt: number;
  /** When it had been scraped a few times, before any request. */
  readonly idleAt: number;
  /** Ends one instance. */
  end(instance: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts everything, sends the traffic, and resolves when Prometheus has scraped the last of it. */
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
    const start = async (job: Job, name: string) => {
      const place = join(folder, JOBS[job], 'logs');
      mkdirSync(place, { recursive: true });
      const file = join(folder, `${name}.yaml`);
      writeFileSync(file, configure(issuer, upstream.origin, JOBS[job]));
      return {
        ...keep(await startGatewayProcess(file, join(place, 'audgate.ndjson'))),
        file,
        prefix: JOBS[job],
        place,
      };
    };
    const eu = [await start('gateway/eu', 'eu-1'), await start('gateway/eu', 'eu-2')] as const;
    const us = [await start('gateway/us', 'us-1'), await start('gateway/us', 'us-2')] as const;
    const addressesOf = ([one, other]: typeof eu) => [addressOf(one), addressOf(other)] as const;
    const instances = { 'gateway/eu': addressesOf(eu), 'gateway/us': addressesOf(us) };
    const prometheus = keep(await startPrometheus(scrape(instances)));
    const startedAt = Date.now() / 1000;
    await prometheus.until(lasting('count(up{job=~"gateway/.*"} == 1) == 4'));
    const idleAt = Date.now() / 1000;
    await liveThrough(prometheus, [...eu, ...us], issuer);
    const end = async (instance: string) => [...eu, ...us].find(each => addressOf(each) === instance)?.close();
    const logs = { 'gateway/eu': eu[0].place, 'gateway/us': us[0].place };
    return { prometheus, instances, logs, startedAt, idleAt, end, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Scraped extends GatewayProcess {
  readonly file: string;
  readonly prefix: string;
}

function addressOf({ adminPort }: Pick<GatewayProcess, 'adminPort'>): string {
  return `127.0.0.1:${adminPort}`;
}

async function liveThrough(prometheus: Prometheus, gateways: readonly Scraped[], issuer: TokenIssuer) {
  const [first, ...others] = gateways;
  if (first === undefined) return;
  const webSocket = await openWebSocket(first.port, await issuer.sign({ claims: { aud: PROFILE } }));
  for (const { port, prefix } of others) await sendRound(port, issuer, prefix);
  for (let round = 1; round <= ROUNDS; round++) {
    await sendRound(first.port, issuer, first.prefix);
    await prometheus.until(
      lasting(`sum(audgate_requests_total{route="/down", instance="${addressOf(first)}"}) == ${2 * round}`),
    );
  }
  // Once more, later: increase() does not count the event that a series begins with.
  for (const { port, prefix } of others) await sendForSeveral(port, issuer, prefix);
  const good = readFileSync(first.file);
  writeFileSync(first.file, 'routes: nonsense\n');
  await first.reload('reload failed');
  writeFileSync(first.file, good);
  await first.reload('configuration loaded');
  // The signal and the file watch may each load it.
  await prometheus.until(lasting('sum(audgate_config_reloads_total) >= 2'));
  // A failed fetch is repeated after 30 s at the latest.
  await prometheus.until(
    lasting('count(increase(audgate_jwks_fetches_total{outcome="failure"}[5m]) > 0) == 4'),
    60_000,
  );
  await prometheus.until('count(ALERTS{alertname="AudgateWouldDeny", alertstate="firing"}) > 6');
  webSocket.terminate();
}

/** Waits for a few scrapes: each event is a separate step in its counter, and a range query includes it. */
function lasting(expression: string): string {
  return `count_over_time((${expression})[5s:${SCRAPE_INTERVAL * 1000}ms]) > 2`;
}

async function openWebSocket(port: number, token: string): Promise<WebSocket> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/profile`, { headers: { authorization: `Bearer ${token}` } });
  await once(webSocket, 'open');
  return webSocket.on('error', () => webSocket.terminate());
}

/** Sends the head at once and, where the path says so, the rest after the 250 ms that a panel and an alert look for. */
function answerSlowly(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200).flushHeaders();
  setTimeout(() => response.end('done'), request.url?.endsWith('/slow') ? 300 : 0);
}

/** Nobody sends a token there. */
const EXCHANGE = `{ token_endpoint: "${NOBODY}/token", client_id: gateway, client_secret: a-secret, audience: inner }`;

function configure(issuer: TokenIssuer, upstream: string, prefix: string): string {
  // What is no JWT is not to be shown to the issuer that introspects.
  const trusted = `["${issuer.issuer}", "https://away.example.com"]`;
  return `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
drain: { delay: 1ms, limit: 1s }
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
  https://away.example.com: { jwks_uri: "${NOBODY}/jwks" }
  https://opaque.example.com: { introspection: { endpoint: "${NOBODY}/introspect", client_id: gateway, client_secret: a-secret } }
routes:
  ${prefix}/profile: { resource: "${PROFILE}", upstream: "${upstream}", multiple_audiences: only, issuers: ${trusted} }
  ${prefix}/billing: { resource: "${BILLING}", upstream: "${upstream}", scopes: ["billing:read"], issuers: ${trusted} }
  ${prefix}/legacy: { resource: "https://legacy.example.com/", upstream: "${upstream}", enforcement: report, issuers: ${trusted} }
  ${prefix}/verified: { resource: "https://verified.example.com/", upstream: "${upstream}", enforcement: verify, issuers: ${trusted} }
  ${prefix}/o'neill: { resource: "https://oneill.example.com/", upstream: "${upstream}", enforcement: report, issuers: ${trusted} }
  ${prefix}/excused: { resource: "https://excused.example.com/", upstream: "${upstream}", issuers: ${trusted}, exceptions: ${describeExceptions(issuer.issuer)} }
  ${prefix}/exchanging: { resource: "https://exchanging.example.com/", upstream: "${upstream}", issuers: ${trusted}, upstream_token: exchange, exchange: ${EXCHANGE} }
  ${prefix}/down: { public: true, upstream: "${NOBODY}" }
  ${prefix}/tools: { resource: "${TOOLS}", upstream: "${upstream}", issuers: ${trusted}, mcp: { tools: { delete_user: ["users:admin"] } } }
  ${prefix}/several: { public: true, upstream: ["${upstream}", "${NOBODY}"] }
`;
}

/** One that is used and lapses within the week, and one of a client that does not call. */
function describeExceptions(issuer: string): string {
  return JSON.stringify([
    { client_id: BATCH, iss: issuer, reasons: ['wrong_audience'], until: dayAhead(3), owner: 'team-billing' },
    { client_id: 'quarterly-report', iss: issuer, reasons: ['wrong_audience'], until: dayAhead(100), owner: 'finance' },
  ]);
}

/** @returns the day, in UTC, so many days from now. */
function dayAhead(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** A third job has a target that never answered and is not a gateway. */
function scrape(instances: World['instances']): string {
  const jobs = { ...instances, node: ['127.0.0.1:9'] };
  const interval = `${SCRAPE_INTERVAL * 1000}ms`;
  const scrapes = Object.entries(jobs).map(
    ([job, targets]) =>
      `  - { job_name: ${job}, scrape_timeout: ${interval}, static_configs: [{ targets: ${JSON.stringify(targets)} }] }`,
  );
  return `
global:
  scrape_interval: ${interval}
  evaluation_interval: 500ms
  external_labels: { audgate_runbooks: "https://ops.example.com/", audgate_grafana: "https://grafana.example.com" }
rule_files: ["${join(CONFIG, 'prometheus/alerts.yaml')}"]
scrape_configs:
${scrapes.join('\n')}
`;
}

interface GatewayProcess {
  readonly port: number;
  readonly adminPort: number;
  /** Reloads. @returns the log line of the reload. */
  reload(message: string): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Makes garbage collections happen in a process with almost no traffic, on every version of Node.js. */
const OFTEN_COLLECTED = '--max-semi-space-size=1';

/** @param log the file to which its lines are appended as well. */
async function startGatewayProcess(file: string, log: string): Promise<GatewayProcess> {
  const args = [OFTEN_COLLECTED, MAIN, '--config', file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  child.stdout.pipe(createWriteStream(log, { flags: 'a' }));
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
