/** One scenario's figures as they are told: on the terminal, in results.md, in the chart. */

export interface Section {
  readonly name: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Who is missing, what does not hold by design, what was not as expected. */
  readonly notes: readonly string[];
  readonly verdicts: readonly Verdict[];
  /** Requests per second, for the chart; none where rates are not the point. */
  readonly bars: readonly Bar[];
  /** Whether something was not as it should be: such figures say nothing. */
  readonly isFaulty: boolean;
}

/** What was promised, and what was measured. */
export interface Verdict {
  readonly promise: string;
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
