/** What several processes tell of themselves, as if one had told it. Their metrics are merged by MergedMetrics. */

import type { KeySetStatus } from '../../token/key-set.ts';
import { MOST_DENIALS, type RecentDenial } from '../recent/recent-denials.ts';

/** @returns the latest of all denials, newest first, at most 200. */
export function mergeDenials(lists: readonly (readonly RecentDenial[])[]): readonly RecentDenial[] {
  return lists
    .flat()
    .sort((a, b) => b.at - a.at)
    .slice(0, MOST_DENIALS);
}

/** @returns the keys of each issuer as the process has them that is worst off: with none yet, else with the oldest. */
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
