/** The metrics of several processes as those of one. A process that ended takes nothing back: no counter ever falls. */

import { Counts } from '../metrics/counts.ts';
import type { Snapshot } from '../metrics/exposition.ts';
import { type Measured, mergeMeasured } from '../metrics/gauges.ts';
import type { Metrics, ProcessMetrics } from '../metrics/metrics.ts';
import { keepCounted, type RuntimeValues } from '../metrics/runtime-metrics.ts';
import type { Exposition } from '../metrics/text-format.ts';

interface Told {
  /** As the worker has counted them; what they were more than before is in those of this process. */
  readonly counts: Counts;
  /** Of the changes that came last. */
  version: number;
  measured?: Measured;
  runtime: RuntimeValues;
}

export class MergedMetrics {
  readonly #own: Metrics;
  /** By worker, as it told last. */
  readonly #told = new Map<number, Told>();
  readonly #ended = new Set<number>();
  /** What the runtimes of those that ended had counted. */
  #counted: RuntimeValues = [];

  /** @param own those of this process: it knows which series exist, and adds up what the workers count. */
  constructor(own: Metrics) {
    this.#own = own;
  }

  /** @returns the version of the counts of `worker` that are known here; 0: none. */
  versionOf(worker: number): number {
    return this.#told.get(worker)?.version ?? 0;
  }

  /** Adds what `worker` tells now. What arrives behind its end is counted already, or lost. */
  keep(worker: number, { changes, now }: ProcessMetrics): void {
    if (this.#ended.has(worker)) return;
    const told = this.#told.get(worker) ?? { counts: new Counts(), version: 0, runtime: [] };
    this.#told.set(worker, told);
    told.counts.follow(changes, this.#own.counts);
    // Only then: where a part is missing, all of it is asked for again.
    if (changes.next === undefined) told.version = changes.version;
    Object.assign(told, now);
  }

  /** Keeps what `worker` had counted; what it measured goes with it. */
  retire(worker: number): void {
    const runtime = this.#told.get(worker)?.runtime ?? [];
    this.#told.delete(worker);
    this.#ended.add(worker);
    this.#counted = keepCounted([this.#counted, runtime]);
  }

  /** Forgets what the configuration of the own metrics cannot count any more. */
  retain(): void {
    for (const { counts } of this.#told.values()) this.#own.retain(counts);
  }

  /** @returns the page for Prometheus. */
  expose(): Promise<Exposition> {
    const runtimes = [...this.#told.values()].map(({ runtime }) => runtime);
    return this.#own.expose(this.#measured(), [this.#counted, ...runtimes]);
  }

  /** @returns every metric as values, for a reader in this program. */
  list(): Promise<Snapshot> {
    return this.#own.list(this.#measured());
  }

  #measured(): Measured {
    return mergeMeasured([...this.#told.values()].flatMap(({ measured }) => measured ?? []));
  }
}
