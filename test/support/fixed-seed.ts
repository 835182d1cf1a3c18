/**
 * Every property test draws the same cases in every run, so that a failure is caused by the change and not by chance.
 * AUDGATE_SEED=N draws others. `npm run fuzz` explores at random and prints its seed.
 */

import fc from 'fast-check';

const { AUDGATE_SEED = '2026' } = process.env;

/** For `fc.sample`; `fc.assert` has it by default. */
export const SEED = Number(AUDGATE_SEED);

fc.configureGlobal({ seed: SEED });
