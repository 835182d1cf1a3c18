/** Latency at a fixed rate that both can handle: half of the lower peak, on the same schedule for each. */

import { join } from 'node:path';
import { type Candidate, endCandidates, startCandidates } from './candidates.ts';
import type { Peer } from './peers/peer.ts';
import { readCpuSeconds } from './proc.ts';
import { MEASURING, run } from './processes.ts';
import { formatRange, formatRate } from './report/rates.ts';
import type { Section, TargetResult } from './report/section.ts';
import type { Extent } from './side-by-side.ts';
import { compareRounds, type Spread, summarise } from './statistics.ts';
import type { TestBed } from './test-bed.ts';
import { PATH, signToken } from './tokens/sign.ts';
import { runWrk } from './wrk.ts';

const PROGRAM = join(import.meta.dirname, 'open-loop.js');
export const CONNECTIONS = 64;
/** The target of the gateway's p99 relative to another candidate's. */
const MOST_P99 = 2;
/** Seconds that open-loop.ts sends before it counts. */
const WARM_UP = 0.5;
const HEADINGS = ['', 'p50 ms', 'p99 ms', 'range', 'longest ms', 'over 50 ms', "gateway's p99 is", 'range'];

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** Responses after more than 50 ms. */
  readonly slow: number;
  readonly faults: number;
  readonly requests: number;
  /** Microseconds for each request, of the candidate and of what it asks. */
  readonly cpu: number;
}

export type Latencies = ReadonlyMap<string, readonly Latency[]>;

export async function measureLatency(peers: readonly Peer[], bed: TestBed, extent: Extent): Promise<Section> {
  const token = await signToken(bed.keys, { algorithm: 'RS256' });
  const line = await startCandidates(peers, bed, ['RS256']);
  try {
    const { rate } = await findRate(line.candidates, token, extent.seconds);
    const all = await measureRounds(line.candidates, token, rate, extent);
    return createSection(all, rate, line.missing);
  } finally {
    await endCandidates(line);
  }
}

/** @returns the peak rate of each, and half of the lowest. */
export async function findRate(candidates: readonly Candidate[], token: string, seconds: number) {
  const load = { path: `${PATH}/small`, connections: CONNECTIONS, cores: MEASURING, env: { BENCH_TOKEN: token } };
  const peaks: number[] = [];
  for (const { port } of candidates) {
    await runWrk({ port }, { ...load, seconds: 1 });
    const { requests, seconds: taken } = await runWrk({ port }, { ...load, seconds });
    peaks.push(requests / taken);
  }
  return { rate: Math.round(Math.min(...peaks) / 2), peaks };
}

/** Each round sends at `rate` to each of them, one after the other. */
export async function measureRounds(
  candidates: readonly Candidate[],
  token: string,
  rate: number,
  { rounds, seconds }: Extent,
): Promise<Latencies> {
  const all = new Map<string, Latency[]>(candidates.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < candidates.length; turn++) {
      const candidate = candidates[(round + turn) % candidates.length];
      if (!candidate) continue;
      const args = [PROGRAM, candidate.port, `${PATH}/small`, rate, seconds, CONNECTIONS].map(String);
      const before = readCpu(candidate);
      const output = await run(process.execPath, args, { cores: MEASURING, env: { BENCH_TOKEN: token } });
      const cpu = ((readCpu(candidate) - before) / (rate * (seconds + WARM_UP))) * 1e6;
      all.get(candidate.name)?.push({ ...JSON.parse(output), cpu });
      candidate.tidy?.();
    }
  }
  return all;
}

const readCpu = ({ pid, askedPid }: Candidate) =>
  readCpuSeconds(pid) + (askedPid === undefined ? 0 : readCpuSeconds(askedPid));

function createSection(all: Latencies, rate: number, missing: readonly string[]): Section {
  const [ours = []] = all.values();
  const gatewaySlow = sum(ours, 'slow');
  const others = [...all].slice(1);
  return {
    name: 'latency',
    title: 'latency at half of the lower peak; 64 connections, RS256 repeated',
    headings: HEADINGS,
    rows: [...all].map(([name, latencies]) => createRow(name, latencies, latencies === ours ? undefined : ours)),
    notes: [
      ...missing.map(each => `MISSING ${each}`),
      ...[...all].flatMap(([name, each]) =>
        sum(each, 'faults') > 0 ? [`NOT AS EXPECTED: ${sum(each, 'faults')} requests of ${name}`] : [],
      ),
      `${formatRate(rate)} requests/s for each of them; from when a request was due, so that a stall counts for all that it held up`,
    ],
    targets: others.flatMap(([name, theirs]) => [
      {
        target: `no more answers over 50 ms than ${name}`,
        measured: `${gatewaySlow} against ${sum(theirs, 'slow')}`,
        holds: gatewaySlow <= sum(theirs, 'slow'),
      },
      ...createP99Target(name, compareRounds(pick(ours, 'p99'), pick(theirs, 'p99'))),
    ]),
    bars: [],
    isFaulty: [...all.values()].some(each => sum(each, 'faults') > 0),
  };
}

function createP99Target(name: string, ratio: Spread | undefined): TargetResult[] {
  if (!ratio) return [];
  const measured = `${ratio.median.toFixed(2)}× (${formatRange(ratio)})`;
  const target = `p99 at half of the lower peak is at most ${MOST_P99}× that of ${name}`;
  return [{ target, measured, holds: ratio.median <= MOST_P99 }];
}

function createRow(name: string, latencies: readonly Latency[], ours: readonly Latency[] | undefined): string[] {
  const p99 = summarise(latencies.map(each => each.p99));
  const ratio = ours && compareRounds(pick(ours, 'p99'), pick(latencies, 'p99'));
  return [
    name,
    summarise(pick(latencies, 'p50')).median.toFixed(2),
    p99.median.toFixed(2),
    formatRange(p99),
    Math.max(...pick(latencies, 'most')).toFixed(1),
    `${sum(latencies, 'slow')} of ${sum(latencies, 'requests').toLocaleString('en')}`,
    ratio ? `${ratio.median.toFixed(2)}×` : '',
    ratio ? formatRange(ratio) : '',
  ];
}

const pick = (latencies: readonly Latency[], key: keyof Latency) => latencies.map(each => each[key]);

const sum = (latencies: readonly Latency[], key: keyof Latency) =>
  pick(latencies, key).reduce((total, value) => total + value, 0);
