/** The metrics as the page that Prometheus scrapes. */

import type { Counts } from './counts.ts';
import { BUCKET_BOUNDS, type DurationHistogram, type Exemplar } from './duration-histogram.ts';
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
import {
  type Block,
  convertHeads,
  type MetricsForm,
  SampleFormat,
  writeEnd,
  writeHead,
  writeLabel,
} from './text-format.ts';
import type { ZeroSeries } from './zero-series.ts';

const FORMATS = Object.fromEntries(
  COUNTER_NAMES.map(counter => {
    const { subject, name, labels }: CounterFamily = COUNTERS[counter];
    return [counter, new SampleFormat(name, subject === 'gateway' ? undefined : subject, namesOf(labels))];
  }),
) as Readonly<Record<CounterName, SampleFormat>>;

/**
 * @param runtime a page in the text format.
 * @returns the text of all metrics, in blocks that each take well under a millisecond.
 */
export function* writeMetrics(
  form: MetricsForm,
  counts: Counts,
  zeros: ZeroSeries,
  gauges: readonly Gauge[],
  runtime: string,
): Generator<Block> {
  for (const counter of COUNTER_NAMES) {
    const { name, help } = COUNTERS[counter];
    yield writeHead(form, name, help, 'counter');
    yield* writeCounter(counter, counts, zeros);
  }
  for (const histogram of HISTOGRAM_NAMES) yield* writeHistograms(form, histogram, counts);
  for (const { name, help, labels, samples } of gauges) {
    yield writeHead(form, name, help, 'gauge');
    const format = new SampleFormat(name, undefined, namesOf(labels));
    for (const { values, value } of samples) yield format.write(format.start(''), values, value);
  }
  yield convertHeads(form, runtime);
  yield writeEnd(form);
}

/** Routes or issuers of the configuration first, then others that were counted; of each the series counted, then those at 0. */
function* writeCounter(counter: CounterName, counts: Counts, zeros: ZeroSeries): Generator<Block> {
  const { subject } = COUNTERS[counter];
  const written = new Set<string>();
  for (const [name, atZero] of zeros.list(counter)) {
    const tally = counts.find(subject, name);
    written.add(name);
    if (tally) yield writeCounted(counter, tally);
    yield zeros.cachedText(counter, name, tally?.size(counter) ?? 0, () => writeZeros(counter, name, tally, atZero));
  }
  for (const tally of counts.list(subject)) if (!written.has(tally.name)) yield writeCounted(counter, tally);
}

function writeCounted(counter: CounterName, tally: Tally): string {
  const format = FORMATS[counter];
  const start = format.start(tally.name);
  let text = '';
  for (const { values, count } of tally.series(counter)) text += format.write(start, values, count);
  return text;
}

function writeZeros(
  counter: CounterName,
  subject: string,
  tally: Tally | undefined,
  atZero: Iterable<readonly string[]>,
): string {
  const format = FORMATS[counter];
  const start = format.start(subject);
  let text = '';
  for (const values of atZero) if (!tally?.has(counter, values)) text += format.write(start, values, 0);
  return text;
}

function* writeHistograms(form: MetricsForm, histogram: HistogramName, counts: Counts): Generator<Block> {
  const { name, help } = HISTOGRAMS[histogram];
  yield writeHead(form, name, help, 'histogram');
  for (const tally of counts.list('route')) {
    const durations = tally.histogram(histogram);
    if (durations) yield writeHistogram(form, name, tally.name, durations);
  }
}

function writeHistogram(form: MetricsForm, name: string, route: string, durations: DurationHistogram): string {
  const { counts, exemplars, sum, count } = durations;
  const label = writeLabel('route', route);
  let text = '';
  let total = 0;
  for (let index = 0; index < counts.length; index += 1) {
    total += counts[index] ?? 0;
    text += `${name}_bucket{le="${BUCKET_BOUNDS[index] ?? '+Inf'}",${label}} ${total}`;
    text += form === 'openmetrics' ? `${writeExemplar(exemplars[index])}\n` : '\n';
  }
  return `${text}${name}_sum{${label}} ${sum}\n${name}_count{${label}} ${count}\n`;
}

/** OpenMetrics, section Exemplars. Only there: the text format has none. */
function writeExemplar(exemplar: Exemplar | null | undefined): string {
  if (!exemplar) return '';
  const { traceId, seconds, at } = exemplar;
  return ` # {trace_id="${traceId}"} ${seconds} ${at}`;
}
