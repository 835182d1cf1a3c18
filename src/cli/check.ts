/** `audgate check FILE`: every problem of a configuration file, one a line. */

import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';

/**
 * Loads `file` and writes each error and warning, then, where there is no error, what it holds.
 *
 * @returns the exit code: 0 for a clean file or one with warnings only, 1 for errors.
 */
export function check(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): number {
  const result = loadConfig(file, environment);
  const problems = result.ok ? result.warnings : result.problems;
  for (const problem of problems) write(formatProblem(problem));
  if (!result.ok) return 1;
  write(`${file}: ok, ${summarise(result.config, problems.length)}`);
  return 0;
}

function summarise({ routes, issuers }: Config, warnings: number): string {
  const parts = [count(routes.length, 'route'), count(issuers.size, 'issuer')];
  return (warnings === 0 ? parts : [...parts, count(warnings, 'warning')]).join(', ');
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
