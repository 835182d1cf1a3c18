/** The metrics of several processes as those of one. A process that ended takes nothing back: no counter ever falls. */

import { AggregatorRegistry } from 'prom-client';
import type { Metrics, Snapshot } from './metrics.ts';

export class MergedMetrics {
  readonly #own: Metrics;
  /** By worker, as it told them last. */
  readonly #snapshots = new Map<number, Snapshot>();
  readonly #ended = new Set<number>();
  /** What those that ended had counted. */
  #counted: Snapshot = [];

  /** @param own those of this process: it announces every series, and so gives their order. */
  constructor(own: Metrics) {
    this.#own = own;
  }

  /** Replaces what `worker` told before. What arrives behind its end is counted already, or lost. */
  keep(worker: number, snapshot: Snapshot): void {
    if (!this.#ended.has(worker)) this.#snapshots.set(worker, snapshot);
  }

  /** Keeps what `worker` had counted; what it measured went with it. */
  retire(worker: number): void {
    const last = this.#snapshots.get(worker) ?? [];
    this.#snapshots.delete(worker);
    this.#ended.add(worker);
    const counted = last.filter(({ type }) => type !== 'gauge');
    this.#counted = aggregate([this.#counted, counted])
      .getMetricsAsArray()
      .flatMap(metric => (isMerged(metric) ? [metric] : []));
  }

  /** @returns the exposition text and its content type. */
  async expose(): Promise<{ readonly contentType: string; readonly body: string }> {
    const own = await this.#own.snapshot();
    const merged = aggregate([own, this.#counted, ...this.#snapshots.values()]);
    return { contentType: merged.contentType, body: await merged.metrics() };
  }
}

/** @returns `snapshot` without the counters at 0, which are most of them: who merges it has announced them. */
export function withoutZeros(snapshot: Snapshot): Snapshot {
  return snapshot.map(metric =>
    metric.type === 'counter' ? { ...metric, values: metric.values.filter(({ value }) => value !== 0) } : metric,
  );
}

function aggregate(snapshots: readonly Snapshot[]) {
  return AggregatorRegistry.aggregate(snapshots.map(metrics => [...metrics]));
}

/** What prom-client merged has its values at hand; its types do not say so. */
function isMerged(metric: object): metric is Snapshot[number] {
  return 'values' in metric && Array.isArray(metric.values);
}
