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
    const counted = last.filter(metric => !isOf('gauge', metric));
    this.#counted = aggregate([this.#counted, counted]).list();
  }

  /** @returns the exposition text and its content type. */
  async expose(): Promise<{ readonly contentType: string; readonly body: string }> {
    const { registry } = await this.#merge();
    return { contentType: registry.contentType, body: await registry.metrics() };
  }

  /** @returns every metric as values, for a reader in this program. */
  async list(): Promise<Snapshot> {
    return (await this.#merge()).list();
  }

  async #merge() {
    return aggregate([await this.#own.list(), this.#counted, ...this.#snapshots.values()]);
  }
}

/** @returns `snapshot` without the counters at 0, which are most of them: who merges it has announced them. */
export function withoutZeros(snapshot: Snapshot): Snapshot {
  return snapshot.map(metric =>
    isOf('counter', metric) ? { ...metric, values: metric.values.filter(({ value }) => value !== 0) } : metric,
  );
}

function aggregate(snapshots: readonly Snapshot[]) {
  const registry = AggregatorRegistry.aggregate(snapshots.map(metrics => [...metrics]));
  return { registry, list: () => registry.getMetricsAsArray().flatMap(metric => (isMerged(metric) ? [metric] : [])) };
}

/** prom-client's types have a number where it gives a word. */
function isOf(type: string, metric: { readonly type: unknown }): boolean {
  return metric.type === type;
}

/** What prom-client merged has its values at hand; its types do not say so. */
function isMerged(metric: object): metric is Snapshot[number] {
  return 'values' in metric && Array.isArray(metric.values);
}
