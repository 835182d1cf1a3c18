/** The nearest valid name, for "did you mean". */

/** What is compared, at most: whoever makes many slips does not wait for suggestions. */
const MOST_CANDIDATES = 200;
const LONGEST_NAME = 200;

/** @returns the candidate that `name` is most probably a slip of, or `undefined` when none is near. */
export function findNearest(name: string, candidates: Iterable<string>): string | undefined {
  const written = name.slice(0, LONGEST_NAME).toLowerCase();
  let limit = Math.max(1, Math.floor(written.length / 3)) + 1;
  let nearest: string | undefined;
  let left = MOST_CANDIDATES;
  for (const candidate of candidates) {
    left -= 1;
    if (left < 0) break;
    // Each letter more or less is an edit.
    if (Math.abs(candidate.length - written.length) >= limit) continue;
    const distance = countEdits(written, candidate.toLowerCase());
    if (distance < limit) {
      limit = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Optimal string alignment: a swap of two neighbours, the commonest slip, is one edit. */
function countEdits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + changed,
          swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
