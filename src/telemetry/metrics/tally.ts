/** What is counted of one route, of one issuer, or of the gateway as a whole: plain numbers, which become labelled series when they are read. */

import { Distribution } from './distribution.ts';
import type { CounterName, HistogramName, Subject } from './families.ts';

export interface Series {
  /** Values of the family's labels, in their order. */
  readonly values: readonly string[];
  count: number;
  /** The last reload found that it can count nothing any more. */
  isOutOfUse: boolean;
}

/** Its counts, for another process. Survives JSON. */
export interface TallyCounts {
  readonly subject: Subject;
  /** The key of the route, or the issuer; '' for the gateway as a whole. */
  readonly name: string;
  readonly counters: readonly (readonly [counter: CounterName, values: readonly string[], count: number])[];
  readonly histograms: readonly (readonly [histogram: HistogramName, numbers: readonly number[]])[];
}

export class Tally {
  readonly subject: Subject;
  readonly name: string;
  /** Tallies that are made later have a higher one. */
  readonly id: number;
  /** The version of the counts in which it changed last. */
  changedIn = 0;
  /** The last reload found that nothing in the configuration has this name. */
  isOutOfUse = false;
  readonly #series = new Map<CounterName, Map<string, Series>>();
  readonly #distributions = new Map<HistogramName, Distribution>();

  constructor(subject: Subject, name: string, id: number) {
    this.subject = subject;
    this.name = name;
    this.id = id;
  }

  has(counter: CounterName, values: readonly string[]): boolean {
    return this.#series.get(counter)?.has(keyOf(values)) === true;
  }

  /** How many series a counter has: each was counted, and only a reload takes one away. */
  size(counter: CounterName): number {
    return this.#series.get(counter)?.size ?? 0;
  }

  count(counter: CounterName, values: readonly string[]): void {
    this.#seriesOf(counter, values).count += 1;
  }

  /** Counts in a series that is there already. @returns whether it is. */
  countKnown(counter: CounterName, values: readonly string[]): boolean {
    const series = this.#series.get(counter)?.get(keyOf(values));
    if (series) series.count += 1;
    return series !== undefined;
  }

  observe(histogram: HistogramName, milliseconds: number): void {
    this.#distributionOf(histogram).observe(milliseconds);
  }

  /** @returns what was counted so far: nothing at 0 is among it. */
  series(counter: CounterName): Iterable<Series> {
    return this.#series.get(counter)?.values() ?? [];
  }

  distribution(histogram: HistogramName): Distribution | undefined {
    return this.#distributions.get(histogram);
  }

  /** Forgets series that could count nothing at this reload, nor at the one before. */
  forget(counter: CounterName, isInUse: (values: readonly string[]) => boolean): void {
    const series = this.#series.get(counter);
    for (const [key, each] of series ?? []) {
      if (isInUse(each.values)) each.isOutOfUse = false;
      else if (each.isOutOfUse) series?.delete(key);
      else each.isOutOfUse = true;
    }
  }

  /** @returns all of it, for another process. */
  counts(): TallyCounts {
    const counters = [...this.#series].flatMap(([counter, series]) =>
      Array.from(series.values(), ({ values, count }) => [counter, values, count] as const),
    );
    const histograms = Array.from(this.#distributions, ([histogram, each]) => [histogram, each.numbers()] as const);
    return { subject: this.subject, name: this.name, counters, histograms };
  }

  /** Takes over the counts of another process, and gives `total` what they are more than before. No counter ever falls. */
  follow({ counters, histograms }: TallyCounts, total: Tally): void {
    for (const [counter, values, count] of counters) {
      const before = this.#seriesOf(counter, values);
      // Fewer than before: the other process began anew.
      total.#seriesOf(counter, values).count += count < before.count ? count : count - before.count;
      before.count = count;
    }
    for (const [histogram, numbers] of histograms) {
      this.#distributionOf(histogram).follow(numbers, total.#distributionOf(histogram));
    }
  }

  #seriesOf(counter: CounterName, values: readonly string[]): Series {
    const ofCounter = this.#series.get(counter) ?? new Map<string, Series>();
    if (ofCounter.size === 0) this.#series.set(counter, ofCounter);
    const key = keyOf(values);
    const known = ofCounter.get(key);
    if (known) return known;
    const series: Series = { values: [...values], count: 0, isOutOfUse: false };
    ofCounter.set(key, series);
    return series;
  }

  #distributionOf(histogram: HistogramName): Distribution {
    const known = this.#distributions.get(histogram);
    if (known) return known;
    const distribution = new Distribution();
    this.#distributions.set(histogram, distribution);
    return distribution;
  }
}

/** No label value of ours has a line feed: names of routes and issuers are URIs and paths, checked at load. */
function keyOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : values.join('\n');
}
