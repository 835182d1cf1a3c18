/** Statistics for few figures of a noisy machine: medians, and the spread of the rounds. */

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** @param values one for each round; none gives NaN. */
export function summarise(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)] ?? Number.NaN, sorted[Math.ceil(middle)] ?? Number.NaN];
  return { median: (low + high) / 2, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

/**
 * @returns `ours` relative to `theirs`, round by round: what slows the machine down slows both of a round. `undefined` where
 *   one of them was not measured.
 */
export function compareRounds(ours: readonly number[], theirs: readonly number[]): Spread | undefined {
  const ratios = ours.flatMap((value, round) => (theirs[round] === undefined ? [] : [value / theirs[round]]));
  return ratios.length > 0 ? summarise(ratios) : undefined;
}
