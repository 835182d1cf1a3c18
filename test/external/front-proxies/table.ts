/** Results as a table of text: a row for each case, a column for each proxy. */

/** @param columns by the name of the proxy: what was observed by the name of the case. */
export function formatTable(
  rows: readonly string[],
  columns: ReadonlyMap<string, ReadonlyMap<string, string>>,
): string {
  const cells = [
    ['', ...columns.keys()],
    ...rows.map(row => [row, ...[...columns.values()].map(found => found.get(row) ?? 'not run')]),
  ];
  const widths = cells[0]?.map((_, index) => Math.max(...cells.map(line => line[index]?.length ?? 0))) ?? [];
  return `\n${cells
    .map(line =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`;
}
