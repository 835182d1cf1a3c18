/** Durations by route, as a Prometheus histogram. prom-client's own looks its series up anew by hashing labels at each observation. */

import type { Metric } from 'prom-client';

/** Upper bounds of the buckets, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export class Distribution {
  /** One more than there are bounds: the last is for what is beyond them all. */
  readonly #counts: number[] = new Array(BOUNDS.length + 1).fill(0);
  #sum = 0;

  /** @param milliseconds that one request took. */
  observe(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }

  /** @returns the samples of the histogram `name`: cumulative buckets, sum and count; none before the first observation. */
  describe(name: string, labels: Readonly<Record<string, string>>): readonly Sample[] {
    let total = 0;
    if (this.#counts.every(count => count === 0)) return [];
    const buckets = this.#counts.map((count, index) => {
      total += count;
      return { metricName: `${name}_bucket`, labels: { le: BOUNDS[index] ?? '+Inf', ...labels }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: total },
    ];
  }
}

/**
 * @param read gives the distribution of each route, at each scrape.
 * @returns what a registry of prom-client asks of a metric: its name, and `get` for its samples.
 */
export function createHistograms(
  name: string,
  help: string,
  read: () => Iterable<readonly [string, Distribution]>,
): Metric {
  const get = async () => {
    const values = Array.from(read(), ([route, distribution]) => distribution.describe(name, { route })).flat();
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  };
  // Its types know only its own four classes.
  return { name, get } as unknown as Metric;
}
