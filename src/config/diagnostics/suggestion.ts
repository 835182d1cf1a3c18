/** Finds the nearest valid name, for "did you mean". */

/** Bounds of the cost: a file may have thousands of errors. */
const MOST_CANDIDATES = 200;
const LONGEST_NAME = 200;

/** @returns the candidate that `name` is most likely a misspelling of; `undefined` where none is near. */
export function findNearest(name: string, candidates: Iterable<string>): string | undefined {
  const written = name.slice(0, LONGEST_NAME).toLowerCase();
  let limit = Math.max(1, Math.floor(written.length / 3)) + 1;
  let nearest: string | undefined;
  for (const candidate of listFirst(candidates)) {
    // A difference in length is at least as many edits.
    if (Math.abs(candidate.length - written.length) >= limit) continue;
    const distance = countEdits(written, candidate.toLowerCase());
    if (distance < limit) {
      limit = distance;
      nearest = candidate;
    }
  }
  return nearest ?? findLonger(written, candidates);
}

/** @returns the one candidate of which `written` is whole words: `cert_file` for `cert`; `undefined` where there are more. */
function findLonger(written: string, candidates: Iterable<string>): string | undefined {
  if (!/^[a-z]{3,}(?:_[a-z]+)*$/.test(written)) return undefined;
  let longer: string | undefined;
  for (const candidate of listFirst(candidates)) {
    if (candidate.length > LONGEST_NAME || !`_${candidate.toLowerCase()}_`.includes(`_${written}_`)) continue;
    if (longer !== undefined) return undefined;
    longer = candidate;
  }
  return longer;
}

function* listFirst(candidates: Iterable<string>): Generator<string> {
  let left = MOST_CANDIDATES;
  for (const candidate of candidates) {
    left -= 1;
    if (left < 0) return;
    yield candidate;
  }
}

/** Optimal string alignment distance: swapping two neighbours, the most common mistake, is one edit. */
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
