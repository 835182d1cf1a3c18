/** Rounds: every candidate once, in a rotating order, so that other load on the machine affects all of them alike. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Candidate } from './candidates.ts';
import { readCpuSeconds, watchOthers } from './proc.ts';
import type { LoadResult } from './wrk.ts';

export interface Cell {
  readonly requestsPerSecond: number;
  /** Microseconds of CPU of the candidate for each request: hardly affected by other load on the machine. */
  readonly cpuPerRequest: number;
  /** Share of the time that it ran on a core: where it is well under 1, something else was the limit. */
  readonly coreShare: number;
  /** Share of the machine that other processes used meanwhile: where it is large, the rates are unreliable. */
  readonly others: number;
  /** Share of token look-ups that its cache answered, where it reports it. */
  readonly hitShare: number | undefined;
  readonly p50: number;
  readonly p99: number;
  /** Responses with another status than expected, and failed connections. */
  readonly faults: number;
}

/** By name of candidate, one cell for each round. */
export type Cells = ReadonlyMap<string, readonly Cell[]>;

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly expected: 200 | 401;
  /** Sends the load for the given number of seconds. */
  readonly send: (candidate: Candidate, seconds: number) => Promise<LoadResult>;
}

/** Requests after which the JIT compilers have finished; the warm-up is longer where a second is not enough for as many, and never longer than what follows. */
const WARM_REQUESTS = 20_000;
const WARM_SECONDS = 5;
const PAUSE = 100;

export async function measureRounds(candidates: readonly Candidate[], plan: Plan): Promise<Cells> {
  for (const candidate of candidates) await warmUp(candidate, plan);
  const cells = new Map<string, Cell[]>(candidates.map(({ name }) => [name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (let turn = 0; turn < candidates.length; turn++) {
      const candidate = candidates[(round + turn) % candidates.length];
      if (!candidate) continue;
      cells.get(candidate.name)?.push(await measureCell(candidate, plan));
      candidate.tidy?.();
      await delay(PAUSE);
    }
  }
  return cells;
}

async function warmUp(candidate: Candidate, { send, rounds, seconds }: Plan): Promise<void> {
  let requests = 0;
  const most = Math.min(WARM_SECONDS, rounds * seconds);
  for (let second = 0; second < most && requests < WARM_REQUESTS; second++) {
    requests += (await send(candidate, 1)).requests;
  }
  candidate.tidy?.();
}

async function measureCell(candidate: Candidate, { send, seconds, expected }: Plan): Promise<Cell> {
  const lookupsBefore = await candidate.cacheLookups?.();
  const readOthers = watchOthers();
  const cpuBefore = readCpuSeconds(candidate.pid);
  const result = await send(candidate, seconds);
  const cpu = readCpuSeconds(candidate.pid) - cpuBefore;
  const others = readOthers();
  const lookups = await candidate.cacheLookups?.();
  const unexpected = expected === 200 ? result.refused : result.requests - result.refused;
  return {
    requestsPerSecond: result.requests / result.seconds,
    cpuPerRequest: (cpu / result.requests) * 1e6,
    others,
    coreShare: cpu / result.seconds,
    hitShare: lookupsBefore && lookups && shareOfHits(lookupsBefore, lookups),
    p50: result.p50,
    p99: result.p99,
    // A cell without any response is unexpected, too.
    faults: unexpected + result.broken + (result.requests === 0 ? 1 : 0),
  };
}

interface Lookups {
  readonly hits: number;
  readonly misses: number;
}

function shareOfHits(before: Lookups, after: Lookups): number {
  const hits = after.hits - before.hits;
  return hits / Math.max(1, hits + after.misses - before.misses);
}
