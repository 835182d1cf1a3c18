/** The matrix of the status page: for which resource tokens were, and at which route they were used. Pure. */

import { NON_RESOURCES } from '../../authorization/audience.ts';
import type { Config, ProtectedRoute } from '../../config/config.ts';
import type { Report } from '../../telemetry/report.ts';
import { keepBusiest, listSamples } from './counter-sums.ts';

export interface Cell {
  readonly refused: number;
  readonly reported: number;
}

export interface Matrix {
  readonly columns: readonly ProtectedRoute[];
  /** A cell is `undefined` where row and column are of the same resource. */
  readonly rows: readonly { readonly presented: string; readonly cells: readonly (Cell | undefined)[] }[];
  /** How many rows and columns are not shown, those with the fewest tokens. */
  readonly leftOut: { readonly rows: number; readonly columns: number };
}

export interface CountedCell {
  readonly cell: Cell;
  readonly presented: string;
  readonly route: string;
}

/** /status.json has every cell. */
const MOST_COLUMNS = 20;
const MOST_ROWS = 24;
const ZERO: Cell = { refused: 0, reported: 0 };

/** @returns the matrix of the routes in use; of many, those with the most tokens for another resource. */
export function buildMatrix({ routes }: Pick<Config, 'routes'>, report: Report): Matrix {
  const cells = readCells(report);
  const protectedRoutes = routes.filter(route => !route.public);
  const ids = new Set(protectedRoutes.map(({ id }) => id));
  const found = [...cells.values()].flatMap(({ presented, route }) => (ids.has(route) ? [presented] : []));
  const presentable = [...new Set([...protectedRoutes.map(({ resource }) => resource), ...NON_RESOURCES, ...found])];

  const { byRoute, byPresented } = sumCells([...cells.values()].filter(({ route }) => ids.has(route)));
  const columns = keepBusiest(protectedRoutes, MOST_COLUMNS, route => byRoute.get(route.id) ?? 0);
  const rows = keepBusiest(presentable, MOST_ROWS, each => byPresented.get(each) ?? 0);
  return {
    columns,
    rows: rows.map(presented => ({
      presented,
      cells: columns.map(route =>
        route.resource === presented ? undefined : (cells.get(nameCell(presented, route.id))?.cell ?? ZERO),
      ),
    })),
    leftOut: { rows: presentable.length - rows.length, columns: protectedRoutes.length - columns.length },
  };
}

/** @returns how many tokens were used at each route, and how many were for each resource. */
function sumCells(cells: readonly CountedCell[]) {
  const byRoute = new Map<string, number>();
  const byPresented = new Map<string, number>();
  for (const { presented, route, cell } of cells) {
    const count = cell.refused + cell.reported;
    byRoute.set(route, (byRoute.get(route) ?? 0) + count);
    byPresented.set(presented, (byPresented.get(presented) ?? 0) + count);
  }
  return { byRoute, byPresented };
}

/** @returns every cell that is not 0. */
export function readCells(report: Report): ReadonlyMap<string, CountedCell> {
  const cells = new Map<string, CountedCell>();
  for (const { labels, value } of listSamples(report, 'audgate_confused_deputy_rejections_total')) {
    if (value === 0) continue;
    const presented = String(labels['presented']);
    const route = String(labels['route']);
    const { refused, reported } = cells.get(nameCell(presented, route))?.cell ?? ZERO;
    const isReported = labels['action'] === 'forwarded';
    const cell = { refused: refused + (isReported ? 0 : value), reported: reported + (isReported ? value : 0) };
    cells.set(nameCell(presented, route), { presented, route, cell });
  }
  return cells;
}

function nameCell(presented: string, route: string): string {
  return JSON.stringify([presented, route]);
}
