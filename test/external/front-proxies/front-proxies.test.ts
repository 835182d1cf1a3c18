/**
 * Each recipe of `config/recipes` for a proxy that asks audgate, run by the real proxy: what its client and its API get. The table that
 * is printed has what was observed in each case.
 */

import { afterAll, beforeAll, describe, test } from 'vitest';
import { CASES } from './cases/cases.ts';
import { FRONT_PROXIES } from './proxies/kinds.ts';
import { formatTable } from './table.ts';
import { closeLeftovers, startWorld, type World } from './world.ts';

/** Milliseconds: for a busy machine. */
const LIMIT = 180_000;
const observed = new Map<string, Map<string, string>>();

afterAll(async () => {
  await closeLeftovers();
  console.info(
    formatTable(
      CASES.map(({ name }) => name),
      observed,
    ),
  );
});

for (const kind of FRONT_PROXIES) {
  describe(kind.name, () => {
    if (kind.program === undefined) {
      test.skip(`it is not installed: ${CASES.length} cases not run`, () => undefined);
      return;
    }
    const found = new Map<string, string>();
    observed.set(kind.name, found);
    let world: World | undefined;
    beforeAll(async () => {
      world = await startWorld(kind);
    }, LIMIT);
    afterAll(() => world?.close());

    for (const { name, expected, run } of CASES) {
      test(
        `${name}: ${expected}`,
        async () => {
          found.set(name, 'FAILED');
          found.set(name, await run(world as World));
        },
        LIMIT,
      );
    }
  });
}
