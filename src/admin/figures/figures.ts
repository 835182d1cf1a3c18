/** What the page counts, out of the counters that are scraped: the page and Prometheus tell the same. Pure. */

import type { Config, ProtectedRoute } from '../../config/config.ts';
import type { Report } from '../../telemetry/report.ts';

export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/** The denials of one route, most frequent reason first. */
export interface RouteFigures {
  readonly refused: readonly ReasonCount[];
  readonly forwarded: readonly ReasonCount[];
}

export interface Cell {
  readonly refused: number;
  readonly forwarded: number;
}

/** Whom tokens were for, and where they were used. */
export interface Matrix {
  readonly columns: readonly ProtectedRoute[];
  /** A cell is `undefined` where the token is for this very route. */
  readonly rows: readonly { readonly presented: string; readonly cells: readonly (Cell | undefined)[] }[];
  /** Rows and columns with less traffic that found no room. */
  readonly leftOut: { readonly rows: number; readonly columns: number };
}

export const NO_ROUTE = '(none)';

/** A table larger than that is read by machines. */
const MOST_COLUMNS = 20;
const MOST_ROWS = 24;
const WITHOUT_RESOURCE = ['foreign', 'missing', 'multiple'];
const NOTHING: Cell = { refused: 0, forwarded: 0 };

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

/** @returns the denials of every route that had one, by the key of the route. */
export function countDenials(report: Report): ReadonlyMap<string, RouteFigures> {
  const routes = new Map<string, { refused: ReasonCount[]; forwarded: ReasonCount[] }>();
  for (const { labels, value } of listSamples(report, 'audgate_denials_total')) {
    if (value === 0) continue;
    const figures = routes.get(String(labels['route'])) ?? { refused: [], forwarded: [] };
    figures[labels['action'] === 'forwarded' ? 'forwarded' : 'refused'].push({
      reason: String(labels['reason']),
      count: value,
    });
    routes.set(String(labels['route']), figures);
  }
  for (const { refused, forwarded } of routes.values()) {
    for (const list of [refused, forwarded]) list.sort((a, b) => b.count - a.count);
  }
  return routes;
}

/** @returns the matrix of the routes in use; of many, the busiest. */
export function buildMatrix({ routes }: Pick<Config, 'routes'>, report: Report): Matrix {
  const cells = readCells(report);
  const guarded = routes.filter(route => !route.public);
  const keys = new Set(guarded.map(({ key }) => key));
  const met = [...cells.values()].flatMap(({ presented, route }) => (keys.has(route) ? [presented] : []));
  const presentable = [...new Set([...guarded.map(({ resource }) => resource), ...WITHOUT_RESOURCE, ...met])];

  const at = (presented: string, { key }: ProtectedRoute): Cell => cells.get(nameCell(presented, key))?.cell ?? NOTHING;
  const inUse = [...cells.values()].filter(({ route }) => keys.has(route));
  const byRoute = new Map<string, number>();
  const byPresented = new Map<string, number>();
  for (const { presented, route, cell } of inUse) {
    byRoute.set(route, (byRoute.get(route) ?? 0) + cell.refused + cell.forwarded);
    byPresented.set(presented, (byPresented.get(presented) ?? 0) + cell.refused + cell.forwarded);
  }
  const columns = keepBusiest(guarded, MOST_COLUMNS, route => byRoute.get(route.key) ?? 0);
  const kept = keepBusiest(presentable, MOST_ROWS, each => byPresented.get(each) ?? 0);
  return {
    columns,
    rows: kept.map(presented => ({
      presented,
      cells: columns.map(route => (route.resource === presented ? undefined : at(presented, route))),
    })),
    leftOut: { rows: presentable.length - kept.length, columns: guarded.length - columns.length },
  };
}

export interface CountedCell {
  readonly cell: Cell;
  readonly presented: string;
  readonly route: string;
}

/** @returns every cell that is not 0. */
export function readCells(report: Report): ReadonlyMap<string, CountedCell> {
  const cells = new Map<string, CountedCell>();
  for (const { labels, value } of listSamples(report, 'audgate_confused_deputy_rejections_total')) {
    if (value === 0) continue;
    const presented = String(labels['presented']);
    const route = String(labels['route']);
    const { refused, forwarded } = cells.get(nameCell(presented, route))?.cell ?? NOTHING;
    const isForwarded = labels['action'] === 'forwarded';
    const cell = { refused: refused + (isForwarded ? 0 : value), forwarded: forwarded + (isForwarded ? value : 0) };
    cells.set(nameCell(presented, route), { presented, route, cell });
  }
  return cells;
}

function nameCell(presented: string, route: string): string {
  return JSON.stringify([presented, route]);
}

/** @returns the `most` heaviest of `entries`, in their order. */
export function keepBusiest<T>(entries: readonly T[], most: number, weigh: (entry: T) => number): readonly T[] {
  if (entries.length <= most) return entries;
  const weights = new Map(entries.map(entry => [entry, weigh(entry)]));
  const busiest = entries.toSorted((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0)).slice(0, most);
  const kept = new Set(busiest);
  return entries.filter(entry => kept.has(entry));
}

function listSamples({ metrics }: Report, name: string) {
  return metrics.find(metric => metric.name === name)?.values ?? [];
}
