/** A hundred reloads in a minute under wrk, each fifth of a broken file: no request fails, and no object is left behind. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { startWatchedGateway, type WatchedGateway } from '../fuzz/watched-gateway.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import type { LiveObjects } from './live-objects.ts';
import { RESOURCE } from './world.ts';

const RELOADS = 100;
const EVERY_BROKEN = 5;
const SECONDS = 60;
const CONNECTIONS = 32;
const SETTLED = 6_000;
const MEBIBYTE = 2 ** 20;

interface Traces extends LiveObjects {
  readonly rss: number;
  readonly descriptors: number;
}

export async function showReloads(): Promise<boolean> {
  if (spawnSync('wrk', ['-v']).error) {
    console.log('wrk is not installed: nothing was shown');
    return false;
  }
  const folder = mkdtempSync(join(tmpdir(), 'audgate-reloads-'));
  const liveFile = join(folder, 'live.json');
  process.env['LOAD_LIVE_OBJECTS'] = liveFile;
  const [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  upstream.handle = (_request, response) => response.end('ok');
  const args = ['--import', join(import.meta.dirname, 'live-objects.js')];
  const gateway = await startWatchedGateway(configure(issuer, upstream, 0), args);
  const token = await issuer.sign({ claims: { aud: RESOURCE, exp: Math.floor(Date.now() / 1000) + 3600 } });

  await load(gateway, token, 10);
  const before = await trace(gateway, liveFile);
  const opened = upstream.sockets.total;
  const loading = load(gateway, token, SECONDS + 1);
  for (let reload = 1; reload <= RELOADS; reload++) {
    await delay((SECONDS * 1000) / RELOADS);
    gateway.reload(reload % EVERY_BROKEN === 0 ? BROKEN : configure(issuer, upstream, reload));
  }
  const answers = await loading;
  const after = await trace(gateway, liveFile);
  const metrics = await gateway.metrics();
  const countReloads = (outcome: string) => metrics.sum('audgate_config_reloads_total', `outcome="${outcome}"`);
  const [success, failure] = [countReloads('success'), countReloads('failure')];
  const gatewayFailure = gateway.failure();
  gateway.kill();
  await Promise.all([issuer.close(), upstream.close()]);
  rmSync(folder, { recursive: true });

  console.log(
    `${RELOADS} reloads in ${SECONDS} s under wrk with ${CONNECTIONS} connections; ${answers.requests} answered`,
  );
  console.log(`non-2xx ${answers.others}; socket errors ${answers.errors}`);
  console.log(`audgate_config_reloads_total: success ${success}, failure ${failure}`);
  console.log(`RSS ${mib(before.rss)} MiB before, ${mib(after.rss)} MiB after`);
  console.log(`descriptors ${before.descriptors} before, ${after.descriptors} after`);
  console.log(
    `timers alive ${before.timers} before, ${after.timers} after; sockets ${before.sockets}, ${after.sockets}`,
  );
  console.log(`connections that the upstream saw opened meanwhile: ${upstream.sockets.total - opened}`);
  if (gatewayFailure !== undefined) console.log(gatewayFailure);
  const isCounted = success === RELOADS - RELOADS / EVERY_BROKEN && failure === RELOADS / EVERY_BROKEN;
  const hasLeak = LEFT_BEHIND.some(what => after[what] > before[what] + RELOADS / 4);
  return answers.others === 0 && answers.errors === 0 && isCounted && !hasLeak && gatewayFailure === undefined;
}

/** A leak of one for each reload would be a hundred; a few more or less are ordinary. */
const LEFT_BEHIND = ['descriptors', 'timers', 'sockets'] as const;
const BROKEN = 'routes: { /a: { resource: no-uri, upstream: ftp://a } }\n';
const mib = (bytes: number) => (bytes / MEBIBYTE).toFixed(0);

/** Each differs from the one before: a route is added, another removed, and the one under load stays. */
function configure({ issuer, jwksUri }: TokenIssuer, { origin }: Upstream, version: number): string {
  return `
issuers: { '${issuer}': { jwks_uri: '${jwksUri}' } }
routes:
  /a: { resource: '${RESOURCE}', upstream: '${origin}' }
  /v${version}: { resource: 'https://v${version}.example.com/', upstream: '${origin}' }
`;
}

/** What wrk counted in `seconds`. */
async function load({ port }: WatchedGateway, token: string, seconds: number) {
  const url = `http://127.0.0.1:${port}/a/x`;
  const header = `Authorization: Bearer ${token}`;
  const options = ['-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, '-H', header];
  const output = await text(spawn('wrk', [...options, url], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
  const numberIn = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? [];
  return {
    requests: numberIn(/(\d+) requests in/),
    others: numberIn(/Non-2xx or 3xx responses: (\d+)/),
    errors: errors.reduce((sum, each) => sum + Number(each), 0),
  };
}

/** What is left when idle connections of the clients have ended and garbage is collected. */
async function trace(gateway: WatchedGateway, liveFile: string): Promise<Traces> {
  await delay(SETTLED);
  rmSync(liveFile, { force: true });
  gateway.signal('SIGUSR2');
  while (!existsSync(liveFile)) await delay(50);
  const live: LiveObjects = JSON.parse(readFileSync(liveFile, 'utf8'));
  return { ...live, rss: gateway.rss(), descriptors: gateway.descriptors() };
}
