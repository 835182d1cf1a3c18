/**
 * An issuer that is away for most of half an hour, by a stepped clock: which tokens each of two workers accepts, what it costs
 * the issuer, with and without somebody who sends tokens that no key verifies.
 */

import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { childProcessIds, closeGatewayProcesses, startGatewayProcess } from '../../support/gateway-process.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

/** With AUDGATE_FIGURES set, all four runs, each with a line of figures. */
const FIGURES = Boolean(process.env['AUDGATE_FIGURES']);

const RESOURCE = 'https://api.example.com/';
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const CLOCK = pathToFileURL(join(import.meta.dirname, '../../support/stepped-clock.mjs')).href;

/** Milliseconds of the stepped clock. */
const REFRESH = 2 * MINUTE;
const COOLDOWN = 30 * SECOND;
const MAX_STALE = 15 * MINUTE;
const AWAY = { from: 4 * MINUTE, until: 26 * MINUTE };
const END = 30 * MINUTE;

let issuer: TokenIssuer;
let upstream: Upstream;
let front: Server;
let jwksUri: string;
let folder: string;
let ahead: number;
let isAway: boolean;
/** When the key set was fetched. */
let fetches: { readonly at: number; readonly ok: boolean }[];

beforeEach(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  folder = mkdtempSync(join(tmpdir(), 'audgate-clock-'));
  [ahead, isAway, fetches] = [0, false, []];
  front = createServer((_, response) => {
    fetches.push({ at: ahead, ok: !isAway });
    response.writeHead(isAway ? 503 : 200).end(JSON.stringify(issuer.jwks));
  });
  jwksUri = `http://127.0.0.1:${await listenOnLoopback(front)}/jwks`;
});

afterEach(async () => {
  await closeGatewayProcesses();
  front.closeAllConnections();
  front.close();
  rmSync(folder, { recursive: true });
  await Promise.all([issuer.close(), upstream.close()]);
});

interface Worker {
  readonly pid: number;
  status(token: string): Promise<number>;
}

/** A connection to each worker: the others are stopped while it is opened, so they cannot accept it. */
async function connectToEach(port: number, pids: readonly number[]): Promise<readonly Worker[]> {
  const workers: Worker[] = [];
  for (const pid of pids) {
    const others = pids.filter(other => other !== pid);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const status = (token: string) => requestStatus(agent, port, token);
    for (const other of others) process.kill(other, 'SIGSTOP');
    await status('not-a-token');
    for (const other of others) process.kill(other, 'SIGCONT');
    workers.push({ pid, status });
  }
  return workers;
}

function requestStatus(agent: Agent, port: number, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const asking = request({ host: '127.0.0.1', port, path: '/api', agent, headers }, response => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    asking.once('error', reject).end();
  });
}

/** Settles when every process has seen the new time, and has fetched what was due. */
async function advance(milliseconds: number, pids: readonly number[]): Promise<void> {
  ahead += milliseconds;
  writeFileSync(join(folder, 'next'), String(ahead));
  renameSync(join(folder, 'next'), join(folder, 'ahead'));
  const hasSeen = (pid: number) => {
    try {
      return readFileSync(join(folder, String(pid)), 'utf8') === String(ahead);
    } catch {
      return false;
    }
  };
  await eventually(() => pids.every(hasSeen), 10_000, 2);
}

/** Fine where something is to happen, else a second. */
function isClose(at: number): boolean {
  return [lastSuccess() + MAX_STALE, AWAY.until].some(end => at >= end - 3 * SECOND && at < end + 3 * SECOND);
}

const lastSuccess = () => fetches.findLast(({ ok }) => ok)?.at ?? 0;

async function start(count: number) {
  const keys = `{ refresh: ${REFRESH}ms, cooldown: ${COOLDOWN}ms, max_stale: ${MAX_STALE}ms }`;
  const gateway = await startGatewayProcess(
    `workers: ${count}
issuers: { "${issuer.issuer}": { jwks_uri: "${jwksUri}", keys: ${keys} } }
routes: { /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" } }
`,
    { nodeOptions: [`--import=${CLOCK}?folder=${encodeURIComponent(folder)}`] },
  );
  const primary = gateway.child.pid ?? 0;
  const serving = count === 1 ? [primary] : childProcessIds(primary);
  return { workers: await connectToEach(gateway.port, serving), pids: [...new Set([primary, ...serving])] };
}

/** What one worker answered. */
interface Answered {
  readonly at: number;
  readonly pid: number;
  /** For a token that was verified before, and for a new one. */
  readonly cached: number;
  readonly fresh: number;
}

const sign = (kid?: string) =>
  issuer.sign({ claims: { aud: RESOURCE, exp: 4_000_000_000 }, ...(kid && { header: { kid } }) });

async function askEach(workers: readonly Worker[], cached: string, isAttacked: boolean): Promise<readonly Answered[]> {
  const forged = `${cached.slice(0, cached.lastIndexOf('.'))}.${'A'.repeat(86)}`;
  return Promise.all(
    workers.map(async ({ pid, status }) => {
      if (isAttacked) await Promise.all([sign(crypto.randomUUID()).then(status), status(forged)]);
      const ask = async () => ({ at: ahead, pid, cached: await status(cached), fresh: await status(await sign()) });
      const answered = await ask();
      // Keys may have come between the two.
      return answered.cached === answered.fresh ? answered : ask();
    }),
  );
}

/** Half an hour. */
async function run(count: number, isAttacked: boolean): Promise<readonly Answered[]> {
  const { workers, pids } = await start(count);
  const cached = await sign();
  const answered: Answered[] = [];
  while (ahead < END) {
    await advance(isClose(ahead) ? 250 : SECOND, pids);
    isAway = ahead >= AWAY.from && ahead < AWAY.until;
    if (isClose(ahead) || ahead % (5 * SECOND) === 0) answered.push(...(await askEach(workers, cached, isAttacked)));
  }
  return answered;
}

/** What the run came to, for each worker in turn where it is a list. */
function summarize(answered: readonly Answered[]) {
  const statuses = answered.flatMap(({ cached, fresh }) => [cached, fresh]);
  const evenly = answered.filter(({ at }) => at % (5 * SECOND) === 0);
  const lastBefore = fetches.findLast(({ at, ok }) => ok && at < AWAY.from)?.at ?? 0;
  const endOfKeys = lastBefore + MAX_STALE;
  const failedAt = fetches.filter(({ ok }) => !ok).map(({ at }) => at);
  const pids = [...new Set(answered.map(({ pid }) => pid))];
  const firstOf = (pid: number, status: number, from: number) =>
    answered.find(each => each.pid === pid && each.at >= from && each.cached === status)?.at ??
    Number.POSITIVE_INFINITY;
  return {
    accepted: evenly.filter(({ cached, fresh }) => cached === 200 && fresh === 200).length / evenly.length,
    statuses: [...new Set(statuses)].sort(),
    fetches: fetches.length,
    failedWithKeys: failedAt.filter(at => at < endOfKeys).length,
    failedWithoutKeys: failedAt.filter(at => at >= endOfKeys).length,
    keysEndAt: endOfKeys,
    refusedAfter: pids.map(pid => firstOf(pid, 503, 0) - endOfKeys),
    acceptedAfter: pids.map(pid => firstOf(pid, 200, AWAY.until) - AWAY.until),
    minutesWithKeys: (endOfKeys - AWAY.from) / MINUTE,
  };
}

describe.each([1, 2])('%d processes', count => {
  test.each(FIGURES ? [false, true] : [true])(
    'attacked: %s; keys end at max_stale for cached and new tokens, in every worker, and are back within 2 s',
    async isAttacked => {
      const answered = await run(count, isAttacked);
      const figures = summarize(answered);
      if (FIGURES) process.stdout.write(`${JSON.stringify({ count, isAttacked, ...figures })}\n`);
      expect(answered.filter(({ cached, fresh }) => cached !== fresh)).toEqual([]);
      expect(figures.statuses).toEqual([200, 503]);
      expect(figures.refusedAfter).toHaveLength(count);
      for (const late of figures.refusedAfter) expect(late).toBeGreaterThanOrEqual(0);
      for (const late of figures.refusedAfter) expect(late).toBeLessThanOrEqual(250);
      for (const late of figures.acceptedAfter) expect(late).toBeLessThan(2 * SECOND);
      // After 1, 2, 4 … 30 s, less a tenth, and what an attacker adds, one in each cooldown.
      const perMinute = isAttacked ? 5 : 3;
      expect(figures.failedWithKeys).toBeLessThanOrEqual(perMinute * figures.minutesWithKeys + 6);
    },
  );
});
