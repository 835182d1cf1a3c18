/** Metrics, status report and readiness of all workers together, for the admin listener of the primary. */

import { describeKeys, type Readiness, ReadinessGate } from '../../admin/readiness.ts';
import { mergeEndpointStatus } from '../../telemetry/merged/endpoint-status.ts';
import { MergedMetrics } from '../../telemetry/merged/merged-metrics.ts';
import { mergeDenials, mergeKeySets } from '../../telemetry/merged/merged-report.ts';
import type { Metrics, ProcessMetrics } from '../../telemetry/metrics/metrics.ts';
import type { Exposition, MetricsForm } from '../../telemetry/metrics/text-format.ts';
import { mergeTraffic } from '../../telemetry/recent/recent-traffic.ts';
import type { Report } from '../../telemetry/report.ts';
import type { PooledWorker } from './pooled-worker.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Milliseconds for a worker to reply; a late worker is left out of this page. */
const READ_LIMIT = 1_000;

export class PoolStatus {
  readonly #pool: WorkerPool;
  readonly #merged: MergedMetrics;
  readonly #gate = new ReadinessGate();
  /** Pages are collected one after the other: each requests what was counted since the previous page. */
  #collecting: Promise<unknown> = Promise.resolve();

  /** @param own the metrics of the primary, to which the workers' metrics are added. */
  constructor(pool: WorkerPool, own: Metrics) {
    this.#pool = pool;
    this.#merged = new MergedMetrics(own);
  }

  /** Adds counts that a worker sent by itself. */
  add(worker: number, metrics: ProcessMetrics): void {
    this.#merged.add(worker, metrics);
  }

  /** Keeps the counts of a worker that exited. */
  retire(worker: number): void {
    this.#merged.retire(worker);
  }

  /** Drops the series that the configuration in use cannot count any more. */
  dropUnused(): void {
    this.#merged.dropUnused();
  }

  async expose(form: MetricsForm): Promise<Exposition> {
    await this.#collect();
    return this.#merged.expose(form);
  }

  async report(): Promise<Report> {
    const [replies] = await Promise.all([this.#pool.callAll('readReport', null, READ_LIMIT), this.#collect()]);
    const reports = replies.flatMap(({ result }) => (result ? [result] : []));
    return {
      metrics: await this.#merged.list(),
      denials: mergeDenials(reports.map(({ denials }) => denials)),
      keySets: mergeKeySets(reports.map(({ keySets }) => keySets)),
      upstreams: mergeEndpointStatus(reports.flatMap(({ upstreams }) => upstreams)),
      traffic: mergeTraffic(reports.map(({ traffic }) => traffic)),
      exceptions: this.#merged.listExceptionUses(),
    };
  }

  /** Ready when all workers were ready once, as long as one of them replies: a worker that is being respawned does not matter. */
  async readiness(draining: boolean): Promise<Readiness> {
    const replies = await this.#pool.callAll('keyReadiness', null, READ_LIMIT);
    const keys = replies.flatMap(({ result }) => result ?? []);
    const missingWorkers = this.#pool.size - keys.length;
    const isOpen = this.#gate.update(missingWorkers === 0 ? keys : []);
    return { ready: isOpen && keys.length > 0 && !draining, ...describeKeys(keys), draining, missingWorkers };
  }

  #collect(): Promise<unknown> {
    const collect = () => Promise.all(this.#pool.serving.map(worker => this.#collectFrom(worker)));
    this.#collecting = this.#collecting.then(collect);
    return this.#collecting;
  }

  async #collectFrom({ id, channel }: PooledWorker): Promise<void> {
    const since = this.#merged.versionOf(id);
    for (let from: number | undefined = 0; from !== undefined; ) {
      const metrics: ProcessMetrics | undefined = await channel
        .call('readMetrics', { since, from }, READ_LIMIT)
        .catch(() => undefined);
      if (!metrics) return;
      this.#merged.add(id, metrics);
      from = metrics.changes.next;
    }
  }
}
