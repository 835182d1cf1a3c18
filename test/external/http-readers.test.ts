/**
 * No input is read by `src/http` otherwise than by a parser of another project, or it is refused: Python's h11 (`pip install h11`)
 * and Go's net/http. `AUDGATE_HTTP_INPUTS` says how many inputs. A reader that is not installed is skipped by name.
 */

import { describe, expect, test } from 'vitest';
import { compare, formatComparison } from '../http/differential/comparison.ts';
import { hasGo, startGo } from '../http/differential/readers/go.ts';
import { hasH11, startH11 } from '../http/differential/readers/h11.ts';

const { AUDGATE_HTTP_INPUTS = '50000', AUDGATE_SEED = '2026' } = process.env;
const READERS = [
  { name: 'h11', isInstalled: hasH11, start: startH11 },
  { name: 'net/http of Go', isInstalled: hasGo, start: startGo },
];

describe.each(READERS)('$name', ({ name, isInstalled, start }) => {
  const where = isInstalled ? 'it reads it alike' : 'it is not installed: not compared';
  test.skipIf(!isInstalled).each(['request', 'response'] as const)(
    `a %s that is accepted: ${where}`,
    async kind => {
      const reader = start();
      try {
        const result = await compare(reader, kind, Number(AUDGATE_SEED), Number(AUDGATE_HTTP_INPUTS));
        process.stdout.write(formatComparison(`${name}, ${kind}s`, result));
        expect(result.disagreements.slice(0, 3)).toEqual([]);
        expect(result.accepted).toBeGreaterThan(result.inputs / 8);
      } finally {
        await reader.stop();
      }
    },
    300_000,
  );
});
