/** What asking adds to the latency of an Envoy, at half of what the slowest of the chains can carry, on the same schedule for each. */

import { endCandidates, startCandidates } from '../candidates.ts';
import { CONNECTIONS, findRate, type Latencies, type Latency, measureRounds } from '../latency.ts';
import type { Options } from '../options.ts';
import { formatRange, formatRate } from '../report/rates.ts';
import type { Section } from '../report/section.ts';
import { type Spread, summarise } from '../statistics.ts';
import type { TestBed } from '../test-bed.ts';
import { signToken } from '../tokens/sign.ts';
import { createChains } from './chains.ts';

const HEADINGS = ['', 'peak/s', 'CPU µs each', 'p50 ms', 'p99 ms', 'adds to p50', 'range', 'adds to p99', 'range'];

export async function measureAddedLatency(bed: TestBed, options: Options): Promise<Section> {
  const token = await signToken(bed.keys, { algorithm: 'RS256' });
  const line = await startCandidates(createChains(options.gateway), bed, ['RS256']);
  try {
    const { rate, peaks } = await findRate(line.candidates, token, options.seconds);
    const all = await measureRounds(line.candidates, token, rate, options);
    return createSection(all, { rate, peaks, missing: line.missing });
  } finally {
    await endCandidates(line);
  }
}

interface Circumstances {
  readonly rate: number;
  readonly peaks: readonly number[];
  readonly missing: readonly string[];
}

function createSection(all: Latencies, { rate, peaks, missing }: Circumstances): Section {
  const [bare = []] = all.values();
  const faults = [...all].map(([name, each]) => ({ name, count: each.reduce((sum, { faults }) => sum + faults, 0) }));
  return {
    name: 'authorizer-envoy',
    title: `what asking adds to Envoy, at half of the lowest peak; ${CONNECTIONS} connections, RS256 repeated`,
    headings: HEADINGS,
    rows: [...all].map(([name, latencies], at) => createRow(name, peaks[at] ?? 0, latencies, bare)),
    notes: [
      ...missing.map(each => `MISSING ${each}`),
      ...faults.flatMap(({ name, count }) => (count > 0 ? [`NOT AS EXPECTED: ${count} requests of ${name}`] : [])),
      `${formatRate(rate)} requests/s for each of them; what is asked shares Envoy's core, and its CPU is counted`,
    ],
    targets: [],
    bars: [],
    isFaulty: faults.some(({ count }) => count > 0),
  };
}

function createRow(name: string, peak: number, latencies: readonly Latency[], bare: readonly Latency[]): string[] {
  const isBare = latencies === bare;
  const added = (['p50', 'p99'] as const).flatMap(key => {
    const spread = summarise(subtractRounds(latencies, bare, key));
    return isBare ? ['', ''] : [formatAdded(spread), formatRange(spread)];
  });
  const median = (key: 'p50' | 'p99') => summarise(latencies.map(each => each[key])).median.toFixed(2);
  const cpu = summarise(latencies.map(each => each.cpu)).median.toFixed(0);
  return [name, formatRate(peak), cpu, median('p50'), median('p99'), ...added];
}

/** Round by round, so that what slows the machine down slows both. */
function subtractRounds(ours: readonly Latency[], bare: readonly Latency[], key: 'p50' | 'p99'): number[] {
  return ours.flatMap((each, round) => {
    const other = bare[round];
    return other ? [each[key] - other[key]] : [];
  });
}

const formatAdded = ({ median }: Spread) => `${median >= 0 ? '+' : ''}${median.toFixed(2)}`;
