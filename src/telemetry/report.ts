/** What a process tells whoever shows it to people: the counters that are scraped, the latest denials, the keys. */

import type { KeySetStatus } from '../token/key-set.ts';
import type { Snapshot } from './metrics/exposition.ts';
import type { RecentDenial } from './recent/recent-denials.ts';
import type { Traffic } from './recent/recent-traffic.ts';
import type { Telemetry } from './telemetry.ts';

/** What one process tells of itself; those of several workers are merged into one. */
export interface Report {
  /** Our own metrics as values; series at 0 are left out. */
  readonly metrics: Snapshot;
  /** The latest denials, newest first, at most 200. */
  readonly denials: readonly RecentDenial[];
  readonly keySets: readonly KeySetStatus[];
  readonly traffic: Traffic;
}

/** @returns what this process tells of itself now. */
export async function createReport(telemetry: Telemetry, keySets: readonly KeySetStatus[]): Promise<Report> {
  const { metrics, denials, traffic } = telemetry;
  return { metrics: await metrics.list(), denials: denials.list(), keySets, traffic: traffic.list() };
}
