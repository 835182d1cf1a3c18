/** The figures of one scenario, for the terminal, results.md and the chart. */

export interface Section {
  readonly name: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Missing candidates, known differences, unexpected responses. */
  readonly notes: readonly string[];
  readonly targets: readonly TargetResult[];
  /** Requests per second, for the chart; none where rates are not the point. */
  readonly bars: readonly Bar[];
  /** Whether something unexpected happened: the figures are then invalid. */
  readonly isFaulty: boolean;
}

/** Targets and what was measured. */
export interface TargetResult {
  readonly target: string;
  readonly measured: string;
  readonly holds: boolean;
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

/** @returns `rows` as lines, columns aligned: the first to the left, the others to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  const alignCell = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map(row => row.map(alignCell).join('  ').trimEnd());
}

export function printSection({ headings, rows, notes }: Section): void {
  for (const line of alignColumns([headings, ...rows])) console.log(line);
  for (const note of notes) console.log(`  ${note}`);
}
