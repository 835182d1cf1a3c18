/** The metrics as values, for the status page. Series at 0 are left out. */

import { setImmediate } from 'node:timers/promises';
import type { Counts } from './counts.ts';
import { BUCKET_BOUNDS, type DurationHistogram } from './duration-histogram.ts';
import {
  COUNTER_NAMES,
  COUNTERS,
  type CounterFamily,
  type CounterName,
  HISTOGRAM_NAMES,
  HISTOGRAMS,
  type HistogramName,
  namesOf,
} from './families.ts';
import type { Gauge } from './gauges.ts';
import type { Tally } from './tally.ts';

/** One metric as values, in the form of prom-client's `getMetricsAsJSON`. */
export interface MetricValues {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    /** Only for a histogram: the name with `_bucket`, `_sum` or `_count`. */
    readonly metricName?: string;
    readonly labels: Readonly<Record<string, string | number>>;
    readonly value: number;
  }[];
}

/** Every metric of our own as values. */
export type Snapshot = readonly MetricValues[];

/** Reading so many takes about a millisecond, after which requests are served. */
const TALLIES_AT_A_TIME = 50;

/** @returns all metrics as values. */
export async function takeSnapshot(counts: Counts, gauges: readonly Gauge[]): Promise<Snapshot> {
  const metrics: MetricValues[] = [];
  for (const counter of COUNTER_NAMES) metrics.push(await readCounter(counter, counts));
  for (const histogram of HISTOGRAM_NAMES) metrics.push(await readHistogram(histogram, counts));
  for (const gauge of gauges) metrics.push(readGauge(gauge));
  return metrics;
}

async function readCounter(counter: CounterName, counts: Counts): Promise<MetricValues> {
  const { subject, name, help, labels }: CounterFamily = COUNTERS[counter];
  const names = namesOf(labels);
  const values = await readInSteps(counts.list(subject), tally => {
    const first = subject === 'gateway' ? {} : { [subject]: tally.name };
    return Array.from(tally.series(counter), ({ values: found, count }) => ({
      labels: { ...first, ...nameValues(names, found) },
      value: count,
    }));
  });
  return { name, help, type: 'counter', values };
}

async function readHistogram(histogram: HistogramName, counts: Counts): Promise<MetricValues> {
  const { name, help } = HISTOGRAMS[histogram];
  const values = await readInSteps(counts.list('route'), tally => {
    const durations = tally.histogram(histogram);
    return durations ? listSamples(name, tally.name, durations) : [];
  });
  return { name, help, type: 'histogram', values };
}

function readGauge({ name, help, labels, samples }: Gauge): MetricValues {
  const names = namesOf(labels);
  const values = samples.map(({ values: found, value }) => ({ labels: nameValues(names, found), value }));
  return { name, help, type: 'gauge', values };
}

function listSamples(name: string, route: string, { counts, sum, count }: DurationHistogram): MetricValues['values'] {
  let total = 0;
  const buckets = counts.map((each, index) => {
    total += each;
    return { metricName: `${name}_bucket`, labels: { le: BUCKET_BOUNDS[index] ?? '+Inf', route }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: { route }, value: sum },
    { metricName: `${name}_count`, labels: { route }, value: count },
  ];
}

async function readInSteps(
  tallies: Iterable<Tally>,
  read: (tally: Tally) => MetricValues['values'],
): Promise<MetricValues['values']> {
  const lists: MetricValues['values'][] = [];
  for (const tally of tallies) {
    lists.push(read(tally));
    if (lists.length % TALLIES_AT_A_TIME === 0) await setImmediate();
  }
  return lists.flat();
}

function nameValues(names: readonly string[], values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
