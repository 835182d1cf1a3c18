/** The counts of one route, of one issuer, or of the gateway as a whole: plain numbers, labelled only when they are read. */

import { DurationHistogram, type Exemplars } from './duration-histogram.ts';
import { type ExceptionUse, ExceptionUses } from './exception-uses.ts';
import type { CounterName, HistogramName, Subject } from './families.ts';

export interface Series {
  /** The label values, in the order of the family's labels. */
  readonly values: readonly string[];
  count: number;
  /** At the last reload, the configuration could not count it any more. */
  isUnused: boolean;
}

/** The counts of a tally. Sent between processes as JSON, so it holds no Map, Set or Date. */
export interface TallyCounts {
  readonly subject: Subject;
  /** The id of the route, or the issuer; '' for the gateway as a whole. */
  readonly name: string;
  readonly counters: readonly (readonly [counter: CounterName, values: readonly string[], count: number])[];
  readonly histograms: readonly (readonly [
    histogram: HistogramName,
    numbers: readonly number[],
    exemplars: Exemplars,
  ])[];
  readonly exceptions: readonly ExceptionUse[];
}

export class Tally {
  readonly subject: Subject;
  readonly name: string;
  /** Rises with each tally that is created. */
  readonly id: number;
  /** The version of the counts in which it changed last. */
  changedIn = 0;
  /** At the last reload, nothing in the configuration had this name. */
  isUnused = false;
  readonly exceptions = new ExceptionUses();
  readonly #series = new Map<CounterName, Map<string, Series>>();
  readonly #histograms = new Map<HistogramName, DurationHistogram>();

  constructor(subject: Subject, name: string, id: number) {
    this.subject = subject;
    this.name = name;
    this.id = id;
  }

  has(counter: CounterName, values: readonly string[]): boolean {
    return this.#series.get(counter)?.has(keyOf(values)) === true;
  }

  /** How many series a counter has. Each has counted something, and only a reload removes one. */
  size(counter: CounterName): number {
    return this.#series.get(counter)?.size ?? 0;
  }

  count(counter: CounterName, values: readonly string[]): void {
    this.#findSeries(counter, values).count += 1;
  }

  /** Counts in a series that exists already. @returns whether it exists. */
  countKnown(counter: CounterName, values: readonly string[]): boolean {
    const series = this.#series.get(counter)?.get(keyOf(values));
    if (series) series.count += 1;
    return series !== undefined;
  }

  /** @param traceId of the trace that the request belongs to. */
  observe(histogram: HistogramName, milliseconds: number, traceId?: string): void {
    this.#findHistogram(histogram).observe(milliseconds, traceId);
  }

  /** @returns the series of a counter; none of them is at 0. */
  series(counter: CounterName): Iterable<Series> {
    return this.#series.get(counter)?.values() ?? [];
  }

  histogram(histogram: HistogramName): DurationHistogram | undefined {
    return this.#histograms.get(histogram);
  }

  /** Deletes series that are unused in two configurations in a row. */
  dropUnused(counter: CounterName, isInUse: (values: readonly string[]) => boolean): void {
    const series = this.#series.get(counter);
    for (const [key, each] of series ?? []) {
      if (isInUse(each.values)) each.isUnused = false;
      else if (each.isUnused) series?.delete(key);
      else each.isUnused = true;
    }
  }

  /** @returns all of its counts, for another process. */
  counts(): TallyCounts {
    const counters = [...this.#series].flatMap(([counter, series]) =>
      Array.from(series.values(), ({ values, count }) => [counter, values, count] as const),
    );
    const histograms = Array.from(
      this.#histograms,
      ([histogram, each]) => [histogram, each.numbers(), each.exemplars] as const,
    );
    const exceptions = this.exceptions.list();
    return { subject: this.subject, name: this.name, counters, histograms, exceptions };
  }

  /** Takes the counts of another process, and adds to `total` by how much they have grown since the last call. */
  mirror({ counters, histograms, exceptions }: TallyCounts, total: Tally): void {
    this.exceptions.mirror(exceptions, total.exceptions);
    for (const [counter, values, count] of counters) {
      const before = this.#findSeries(counter, values);
      // Fewer than before: the other process dropped the series meanwhile and counts from 0 again.
      total.#findSeries(counter, values).count += count < before.count ? count : count - before.count;
      before.count = count;
    }
    for (const [histogram, numbers, exemplars] of histograms) {
      this.#findHistogram(histogram).mirror(numbers, exemplars, total.#findHistogram(histogram));
    }
  }

  #findSeries(counter: CounterName, values: readonly string[]): Series {
    const ofCounter = this.#series.get(counter) ?? new Map<string, Series>();
    if (ofCounter.size === 0) this.#series.set(counter, ofCounter);
    const key = keyOf(values);
    const known = ofCounter.get(key);
    if (known) return known;
    const series: Series = { values: [...values], count: 0, isUnused: false };
    ofCounter.set(key, series);
    return series;
  }

  #findHistogram(name: HistogramName): DurationHistogram {
    const known = this.#histograms.get(name);
    if (known) return known;
    const histogram = new DurationHistogram();
    this.#histograms.set(name, histogram);
    return histogram;
  }
}

/** No label value of ours has a line feed, since they are URIs, paths and reasons, but the client of an exception, of which only a reason follows. */
function keyOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : values.join('\n');
}
