/** The metrics of several workers merged into one set. What a worker that exited has counted stays: counters never decrease. */

import { Counts } from '../metrics/counts.ts';
import type { RouteUses } from '../metrics/exception-gauges.ts';
import { type Measured, mergeMeasured } from '../metrics/gauges.ts';
import type { Metrics, ProcessMetrics } from '../metrics/metrics.ts';
import { keepCounted, type RuntimeValues } from '../metrics/runtime-metrics.ts';
import type { Snapshot } from '../metrics/snapshot.ts';
import type { Exposition, MetricsForm } from '../metrics/text-format.ts';

/** What one worker has sent so far. */
interface Received {
  /** Its counts. By how much they grew was added to the counts of this process. */
  readonly counts: Counts;
  /** The version of the changes that were received last. */
  version: number;
  measured?: Measured;
  runtime: RuntimeValues;
}

export class MergedMetrics {
  readonly #own: Metrics;
  /** By the id of the worker. */
  readonly #received = new Map<number, Received>();
  readonly #exited = new Set<number>();
  /** The runtime counters of workers that exited. */
  #exitedRuntime: RuntimeValues = [];

  /** @param own the metrics of this process, which list the series of the configuration and hold the sums. */
  constructor(own: Metrics) {
    this.#own = own;
  }

  /** @returns the version of the counts of `worker` that was received last; 0 for none. */
  versionOf(worker: number): number {
    return this.#received.get(worker)?.version ?? 0;
  }

  /** Adds what `worker` sent. A message that arrives after its exit is ignored. */
  add(worker: number, { changes, now }: ProcessMetrics): void {
    if (this.#exited.has(worker)) return;
    const received = this.#received.get(worker) ?? { counts: new Counts(), version: 0, runtime: [] };
    this.#received.set(worker, received);
    received.counts.mirror(changes, this.#own.counts);
    // Only with the last part: where a part was lost, all of them are requested again.
    if (changes.next === undefined) received.version = changes.version;
    Object.assign(received, now);
  }

  /** Keeps the counts of `worker`, which exited, and drops its gauges. */
  retire(worker: number): void {
    const runtime = this.#received.get(worker)?.runtime ?? [];
    this.#received.delete(worker);
    this.#exited.add(worker);
    this.#exitedRuntime = keepCounted([this.#exitedRuntime, runtime]);
  }

  /** Drops what the configuration in use cannot count any more. */
  dropUnused(): void {
    for (const { counts } of this.#received.values()) this.#own.dropUnused(counts);
  }

  /** @returns the page for Prometheus. */
  expose(form: MetricsForm): Promise<Exposition> {
    const runtimes = [...this.#received.values()].map(({ runtime }) => runtime);
    return this.#own.expose(form, this.#measured(), [this.#exitedRuntime, ...runtimes]);
  }

  /** @returns our own metrics as values, for the status page. */
  list(): Promise<Snapshot> {
    return this.#own.list(this.#measured());
  }

  /** @returns the uses of exceptions in all processes. */
  listExceptionUses(): readonly RouteUses[] {
    return this.#own.listExceptionUses();
  }

  #measured(): Measured {
    return mergeMeasured([...this.#received.values()].flatMap(({ measured }) => measured ?? []));
  }
}
