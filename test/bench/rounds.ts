/** Rounds: every candidate once, in an order that rotates, so that what the machine does meets all of them alike. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Candidate } from './candidates.ts';
import { readCpuSeconds, watchOthers } from './proc.ts';
import type { LoadResult } from './wrk.ts';

export interface Cell {
  readonly requestsPerSecond: number;
  /** Microseconds of CPU of the candidate for each request: little moved by what else the machine does. */
  readonly cpuPerRequest: number;
  /** Share of the time that it was on a core: well under 1 says that something else was the limit. */
  readonly coreShare: number;
  /** Share of the machine that others took meanwhile: much of it, and the rates say little. */
  readonly others: number;
  /** Share of token lookups that its cache answered, where it tells. */
  readonly hitShare: number | undefined;
  readonly p50: number;
  readonly p99: number;
  /** Answers of another status than expected, and connections that failed. */
  readonly faults: number;
}

/** By name of candidate, one cell for each round. */
export type Cells = ReadonlyMap<string, readonly Cell[]>;

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly expected: 200 | 401;
  /** Sends the load for so many seconds. */
  readonly send: (candidate: Candidate, seconds: number) => Promise<LoadResult>;
}

/** Compilers of the runtime are done by then; more of it where a second does not bring as many. */
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

async function warmUp(candidate: Candidate, { send }: Plan): Promise<void> {
  let requests = 0;
  for (let second = 0; second < WARM_SECONDS && requests < WARM_REQUESTS; second++) {
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
    // No answer at all is none as expected.
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
