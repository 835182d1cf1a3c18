/** What was counted and measured, as the page that Prometheus reads and as values for the status page. */

import { setImmediate } from 'node:timers/promises';
import type { Counts } from './counts.ts';
import { BOUNDS, type Distribution } from './distribution.ts';
import {
  COUNTER_NAMES,
  COUNTERS,
  type CounterFamily,
  type CounterName,
  HISTOGRAM_NAMES,
  HISTOGRAMS,
  type Label,
} from './families.ts';
import type { Gauge } from './gauges.ts';
import type { Tally } from './tally.ts';
import { type Block, SampleForm, writeHead, writeLabel } from './text-format.ts';
import type { ZeroSeries } from './zero-series.ts';

/** One metric as values, in the form of prom-client's `getMetricsAsJSON`. */
export interface MetricValues {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    /** Of a histogram: the name with `_bucket`, `_sum` or `_count`. */
    readonly metricName?: string;
    readonly labels: Readonly<Record<string, string | number>>;
    readonly value: number;
  }[];
}

/** Every metric as values; series that stand at 0 are left out. */
export type Snapshot = readonly MetricValues[];

const FORMS = Object.fromEntries(
  COUNTER_NAMES.map(counter => {
    const { subject, name, labels }: CounterFamily = COUNTERS[counter];
    return [counter, new SampleForm(name, subject === 'gateway' ? undefined : subject, namesOf(labels))];
  }),
) as Readonly<Record<CounterName, SampleForm>>;

/** So many routes are turned into values at a time: about a millisecond. */
const ROUTES_AT_A_TIME = 50;

/** @returns the text of all metrics, in blocks that each take well under a millisecond. */
export function* writeMetrics(
  counts: Counts,
  zeros: ZeroSeries,
  gauges: readonly Gauge[],
  runtime: string,
): Generator<Block> {
  for (const counter of COUNTER_NAMES) {
    const family: CounterFamily = COUNTERS[counter];
    yield writeHead(family.name, family.help, 'counter');
    yield* writeCounter(counter, counts, zeros);
  }
  for (const histogram of HISTOGRAM_NAMES) {
    const { name, help } = HISTOGRAMS[histogram];
    yield writeHead(name, help, 'histogram');
    for (const tally of counts.of('route')) {
      const distribution = tally.distribution(histogram);
      if (distribution) yield writeHistogram(name, tally.name, distribution);
    }
  }
  for (const { name, help, labels, samples } of gauges) {
    yield writeHead(name, help, 'gauge');
    const form = new SampleForm(name, undefined, namesOf(labels));
    for (const { values, value } of samples) yield form.write(form.start(''), values, value);
  }
  yield runtime;
}

/** @returns all metrics as values. */
export async function listMetrics(counts: Counts, gauges: readonly Gauge[]): Promise<Snapshot> {
  const counters: MetricValues[] = [];
  for (const counter of COUNTER_NAMES) counters.push(await listCounter(counter, counts));
  const histograms: MetricValues[] = [];
  for (const histogram of HISTOGRAM_NAMES) {
    const { name, help } = HISTOGRAMS[histogram];
    const values = await collectInSteps(counts.of('route'), tally => {
      const distribution = tally.distribution(histogram);
      return distribution ? listHistogram(name, tally.name, distribution) : [];
    });
    histograms.push({ name, help, type: 'histogram', values });
  }
  const measured = gauges.map(({ name, help, labels, samples }) => {
    return {
      name,
      help,
      type: 'gauge',
      values: samples.map(each => ({ ...each, labels: nameAll(namesOf(labels), each.values) })),
    };
  });
  return [...counters, ...histograms, ...measured];
}

/** Subjects of the configuration, then others that were counted; of each what was counted, then what stands at 0. */
function* writeCounter(counter: CounterName, counts: Counts, zeros: ZeroSeries): Generator<Block> {
  const { subject } = COUNTERS[counter];
  const written = new Set<string>();
  for (const [name, atZero] of zeros.of(counter)) {
    const tally = counts.find(subject, name);
    written.add(name);
    if (tally) yield writeCounted(counter, tally);
    yield zeros.keep(counter, name, tally?.size(counter) ?? 0, () => writeZeros(counter, name, tally, atZero));
  }
  for (const tally of counts.of(subject)) if (!written.has(tally.name)) yield writeCounted(counter, tally);
}

function writeCounted(counter: CounterName, tally: Tally): string {
  const form = FORMS[counter];
  const start = form.start(tally.name);
  let text = '';
  for (const { values, count } of tally.series(counter)) text += form.write(start, values, count);
  return text;
}

function writeZeros(
  counter: CounterName,
  subject: string,
  tally: Tally | undefined,
  atZero: Iterable<readonly string[]>,
): string {
  const form = FORMS[counter];
  const start = form.start(subject);
  let text = '';
  for (const values of atZero) if (!tally?.has(counter, values)) text += form.write(start, values, 0);
  return text;
}

function writeHistogram(name: string, route: string, { counts, sum, count }: Distribution): string {
  const label = writeLabel('route', route);
  let text = '';
  let total = 0;
  for (let index = 0; index < counts.length; index += 1) {
    total += counts[index] ?? 0;
    text += `${name}_bucket{le="${BOUNDS[index] ?? '+Inf'}",${label}} ${total}\n`;
  }
  return `${text}${name}_sum{${label}} ${sum}\n${name}_count{${label}} ${count}\n`;
}

async function listCounter(counter: CounterName, counts: Counts): Promise<MetricValues> {
  const { subject, name, help, labels }: CounterFamily = COUNTERS[counter];
  const names = namesOf(labels);
  const values = await collectInSteps(counts.of(subject), tally => {
    const first = subject === 'gateway' ? {} : { [subject]: tally.name };
    return Array.from(tally.series(counter), ({ values: found, count }) => ({
      labels: { ...first, ...nameAll(names, found) },
      value: count,
    }));
  });
  return { name, help, type: 'counter', values };
}

function listHistogram(name: string, route: string, { counts, sum, count }: Distribution): MetricValues['values'] {
  let total = 0;
  const buckets = counts.map((each, index) => {
    total += each;
    return { metricName: `${name}_bucket`, labels: { le: BOUNDS[index] ?? '+Inf', route }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: { route }, value: sum },
    { metricName: `${name}_count`, labels: { route }, value: count },
  ];
}

async function collectInSteps(
  tallies: Iterable<Tally>,
  read: (tally: Tally) => MetricValues['values'],
): Promise<MetricValues['values']> {
  const lists: MetricValues['values'][] = [];
  for (const tally of tallies) {
    lists.push(read(tally));
    if (lists.length % ROUTES_AT_A_TIME === 0) await setImmediate();
  }
  return lists.flat();
}

function namesOf(labels: readonly Label[]): readonly string[] {
  return labels.map(({ name }) => name);
}

function nameAll(names: readonly string[], values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
