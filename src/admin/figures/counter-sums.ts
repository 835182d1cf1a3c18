/** Sums of the counters that Prometheus scrapes, for the status page: both show the same numbers. Pure. */

import type { Report } from '../../telemetry/report.ts';

export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/** The denials of one route, the most frequent reason first. */
export interface RouteDenials {
  readonly refused: readonly ReasonCount[];
  readonly reported: readonly ReasonCount[];
}

/** @returns the sum of a counter over its series, or those with the given labels. */
export function sumOf(report: Report, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels);
  const samples = listSamples(report, name).filter(({ labels: found }) =>
    wanted.every(([key, is]) => found[key] === is),
  );
  return samples.reduce((total, { value }) => total + value, 0);
}

/** @returns the sums of a counter by route. */
export function sumByRoute(report: Report, name: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { labels, value } of listSamples(report, name)) {
    const route = String(labels['route']);
    sums.set(route, (sums.get(route) ?? 0) + value);
  }
  return sums;
}

/** @returns the denials of every route that had one, by the id of the route. */
export function countDenials(report: Report): ReadonlyMap<string, RouteDenials> {
  const routes = new Map<string, { refused: ReasonCount[]; reported: ReasonCount[] }>();
  for (const { labels, value } of listSamples(report, 'audgate_denials_total')) {
    if (value === 0) continue;
    const figures = routes.get(String(labels['route'])) ?? { refused: [], reported: [] };
    figures[labels['action'] === 'forwarded' ? 'reported' : 'refused'].push({
      reason: String(labels['reason']),
      count: value,
    });
    routes.set(String(labels['route']), figures);
  }
  for (const { refused, reported } of routes.values()) {
    for (const list of [refused, reported]) list.sort((a, b) => b.count - a.count);
  }
  return routes;
}

/** @returns the `most` entries with the greatest weight, in the order of `entries`. */
export function keepBusiest<T>(entries: readonly T[], most: number, weigh: (entry: T) => number): readonly T[] {
  if (entries.length <= most) return entries;
  const weights = new Map(entries.map(entry => [entry, weigh(entry)]));
  const busiest = entries.toSorted((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0)).slice(0, most);
  const kept = new Set(busiest);
  return entries.filter(entry => kept.has(entry));
}

/** @returns the samples of a metric; none where it does not exist. */
export function listSamples({ metrics }: Report, name: string) {
  return metrics.find(metric => metric.name === name)?.values ?? [];
}
