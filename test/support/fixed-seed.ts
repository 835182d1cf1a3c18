/**
 * Every property test draws the same cases in every run, so that a red run is about the change and not about chance.
 * AUDGATE_SEED=N draws others. What explores by chance is `npm run fuzz`, which prints its seed.
 */

import fc from 'fast-check';

const { AUDGATE_SEED = '2026' } = process.env;

/** For `fc.sample`; `fc.assert` has it by default. */
export const SEED = Number(AUDGATE_SEED);

fc.configureGlobal({ seed: SEED });
