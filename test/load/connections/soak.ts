/**
 * Two hours of churn: random sequences with all their ends, tokens, a reload each minute. Once a minute what the process holds:
 * memory, sockets, timers. None of it may grow from the first tenth of the time to the last.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayWorld, startGatewayWorld } from '../../http/sequences/gateway.ts';
import { runSequences, startSequences } from '../../http/sequences/run.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream } from '../../support/upstream.ts';
import type { LiveObjects } from '../live-objects.ts';
import { RESOURCE } from '../world.ts';

/** Two hours, unless LOAD_SECONDS says otherwise. */
const SECONDS = Number(process.env['LOAD_SECONDS'] ?? 7200);
const SEED = Number(process.env['AUDGATE_SEED'] ?? Date.now() % 1e9);
const REPORTED_EVERY = 60_000;
const CLIENTS = 8;
/** Requests of one connection with one token. */
const STAY = 5;
/** Few enough that the cache of verified tokens is full before the first sample: it must not be taken for a leak. */
const TOKENS = 500;
/** How much of what there is after a tenth of the time there may be at the end: V8 keeps garbage beside what is alive. */
const GROWTH = 1.25;
const MARGIN = 32 * 2 ** 20;
/** Timers and sockets that a moment may have more than another. */
const SLACK = 200;

interface Sample extends LiveObjects {
  readonly rss: number;
  readonly descriptors: number;
}

export async function showSoak(): Promise<boolean> {
  console.log(`seed ${SEED}, ${SECONDS} s`);
  const liveFile = join(mkdtempSync(join(tmpdir(), 'audgate-soak-')), 'live.json');
  process.env['LOAD_LIVE_OBJECTS'] = liveFile;
  const [issuer, honest] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const world = await startGatewayWorld(
    SEED,
    `issuers: { '${issuer.issuer}': { jwks_uri: '${issuer.jwksUri}' } }
routes:
  /a: { resource: '${RESOURCE}', upstream: '${honest.origin}' }`,
    ['--import', join(import.meta.dirname, '../live-objects.js')],
  );
  const tally = { answered: 0, others: 0, isOver: false };
  const totals = startSequences(world.upstream);
  const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, index) => signToken(issuer, index)));
  const clients = Array.from({ length: CLIENTS }, (_, client) => comeAndGo(world, tokens, tally, client));
  const running = runSequences(
    world.gateway.port,
    world.upstream,
    { seed: SEED, seconds: SECONDS, clients: CLIENTS },
    totals,
  );
  const samples = await sampleEachMinute(world, liveFile, () =>
    console.log(
      `${new Date().toISOString()} ${totals.exchanges} exchanges, crossed ${totals.crossed.length}, stalled ${totals.stalled}; ${tally.answered} with tokens, not 200: ${tally.others}`,
    ),
  );
  await running;
  for (const what of totals.crossed) console.log(`  CROSSED ${what}`);
  tally.isOver = true;
  await Promise.all(clients);
  const failure = world.gateway.failure();
  await world.close();
  await Promise.all([issuer.close(), honest.close()]);
  rmSync(join(liveFile, '..'), { recursive: true });
  return totals.crossed.length === 0 && tally.others === 0 && failure === undefined && !hasGrown(samples);
}

async function sampleEachMinute(
  { gateway, yaml }: GatewayWorld,
  liveFile: string,
  report: () => void,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const end = performance.now() + SECONDS * 1_000;
  for (let left = SECONDS * 1_000; left > 0 && gateway.failure() === undefined; left = end - performance.now()) {
    await delay(Math.min(left, REPORTED_EVERY));
    gateway.reload(`${yaml}# ${samples.length}\n`);
    rmSync(liveFile, { force: true });
    gateway.signal('SIGUSR2');
    while (!existsSync(liveFile) && gateway.failure() === undefined) await delay(50);
    const live: LiveObjects = JSON.parse(readFileSync(liveFile, 'utf8'));
    const sample = { ...live, rss: gateway.rss(), descriptors: gateway.descriptors() };
    samples.push(sample);
    gateway.log.clear();
    report();
    console.log(
      `  RSS ${(sample.rss / 2 ** 20).toFixed(0)} MiB, descriptors ${sample.descriptors}, sockets alive ${sample.sockets}, timers alive ${sample.timers}`,
    );
  }
  return samples;
}

function hasGrown(samples: readonly Sample[]): boolean {
  const first = samples[Math.floor(samples.length / 10)];
  const last = samples.at(-1);
  if (!first || !last) return true;
  const hasMore = (['descriptors', 'sockets', 'timers'] as const).some(what => last[what] > first[what] + SLACK);
  return hasMore || last.rss > first.rss * GROWTH + MARGIN;
}

async function comeAndGo(
  { gateway }: GatewayWorld,
  tokens: readonly string[],
  tally: { answered: number; others: number; isOver: boolean },
  client: number,
): Promise<void> {
  for (let visit = client; !tally.isOver; visit += CLIENTS) {
    const token = tokens[visit % TOKENS] ?? '';
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let request = 0; request < STAY; request += 1) {
      const status = await statusOf(gateway.port, `/a/${client}/${visit}`, token, agent);
      tally.answered += 1;
      if (status !== 200) tally.others += 1;
    }
    agent.destroy();
    await delay(20);
  }
}

function signToken(issuer: TokenIssuer, index: number): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + SECONDS + 600;
  return issuer.sign({ claims: { aud: RESOURCE, exp, jti: String(index) } });
}

function statusOf(port: number, path: string, token: string, agent: Agent): Promise<number | undefined> {
  return new Promise(resolve => {
    const request = get({ port, path, agent, headers: { authorization: `Bearer ${token}` } }, response => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    request.once('error', () => resolve(undefined));
  });
}
