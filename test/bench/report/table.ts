/** Figures of one scenario as rows: for the terminal and for results.md alike. */

import type { Cell } from '../rounds.ts';
import type { Outcome } from '../side-by-side.ts';
import { compareRounds, type Spread, summarise } from '../statistics.ts';

export const OURS = 'audgate';

export interface Row {
  readonly name: string;
  readonly rate: Spread;
  readonly cpu: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  /** The gateway's rate as a share of this one's, by round; `undefined` for the gateway itself. */
  readonly ratio: Spread | undefined;
  readonly target: number | undefined;
  readonly hitShare: number | undefined;
  readonly faults: number;
}

export function createRows({ scenario, cells }: Outcome): Row[] {
  const ours = pick(cells.get(OURS) ?? [], cell => cell.requestsPerSecond);
  const targets: Readonly<Record<string, number>> = scenario.targets;
  return [...cells].map(([name, each]) => {
    const rates = pick(each, cell => cell.requestsPerSecond);
    const hits = each.flatMap(({ hitShare }) => (hitShare === undefined ? [] : [hitShare]));
    return {
      name,
      rate: summarise(rates),
      cpu: summarise(pick(each, cell => cell.cpuPerRequest)),
      p50: summarise(pick(each, cell => cell.p50)),
      p99: summarise(pick(each, cell => cell.p99)),
      ratio: name === OURS ? undefined : compareRounds(ours, rates),
      target: targets[name],
      hitShare: hits.length > 0 ? summarise(hits).median : undefined,
      faults: each.reduce((sum, { faults }) => sum + faults, 0),
    };
  });
}

const pick = (cells: readonly Cell[], read: (cell: Cell) => number) => cells.map(read);

export const HEADINGS = ['', 'requests/s', 'range', 'CPU µs each', 'p50 ms', 'p99 ms', 'audgate is', 'range', 'wanted'];

export function formatRow({ name, rate, cpu, p50, p99, ratio, target }: Row): string[] {
  return [
    name,
    formatRate(rate.median),
    `${formatRate(rate.least)} – ${formatRate(rate.most)}`,
    cpu.median.toFixed(1),
    p50.median.toFixed(2),
    p99.median.toFixed(2),
    ratio ? `${ratio.median.toFixed(2)}×` : '',
    ratio ? `${ratio.least.toFixed(2)} – ${ratio.most.toFixed(2)}` : '',
    formatTarget(ratio, target),
  ];
}

/** What stands under the table: hits of the cache, what was not as it should be, who is missing. */
export function formatNotes({ missing, unchecked }: Outcome, rows: readonly Row[]): string[] {
  const hits = rows.flatMap(({ name, hitShare }) =>
    hitShare === undefined ? [] : [`${name}: ${(100 * hitShare).toFixed(1)} % of tokens from its cache`],
  );
  const gaps = [...unchecked].flatMap(([name, what]) =>
    what.length > 0 ? [`${name} does not refuse: ${what.join(', ')}`] : [],
  );
  const faults = rows.flatMap(({ name, faults }) =>
    faults > 0 ? [`NOT AS EXPECTED: ${faults} answers of ${name}`] : [],
  );
  return [...faults, ...missing.map(each => `MISSING ${each}`), ...gaps, ...hits];
}

const formatRate = (value: number) => Math.round(value).toLocaleString('en');

function formatTarget(ratio: Spread | undefined, target: number | undefined): string {
  if (!ratio || target === undefined) return '';
  return `≥ ${target}× ${ratio.median >= target ? 'holds' : 'DOES NOT HOLD'}`;
}

/** @returns `rows` as lines, columns aligned: the first to the left, the others to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows.map(row =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}
