/** The denials and keys of several workers merged into one report. Metrics are merged by MergedMetrics, traffic by mergeTraffic. */

import type { KeySetStatus } from '../../token/keys/key-set.ts';
import { MOST_DENIALS, type RecentDenial } from '../recent/recent-denials.ts';

/** @returns the latest denials of all workers, newest first, at most 200. */
export function mergeDenials(lists: readonly (readonly RecentDenial[])[]): readonly RecentDenial[] {
  return lists
    .flat()
    .sort((a, b) => b.at - a.at)
    .slice(0, MOST_DENIALS);
}

/** @returns the key set of each issuer from the worker that has none yet, else from the one whose keys are oldest. */
export function mergeKeySets(lists: readonly (readonly KeySetStatus[])[]): readonly KeySetStatus[] {
  const worst = new Map<string, KeySetStatus>();
  for (const status of lists.flat()) {
    const other = worst.get(status.issuer);
    if (!other || ageOf(status) > ageOf(other)) worst.set(status.issuer, status);
  }
  return [...worst.values()];
}

function ageOf({ ageSeconds }: KeySetStatus): number {
  return ageSeconds ?? Number.POSITIVE_INFINITY;
}
