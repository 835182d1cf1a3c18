/**
 * No input is read otherwise than a second parser reads it, or it is refused. Here node:http, which has the same llhttp under other
 * hands; parsers of other projects are in `test/external/http-readers.test.ts`. `AUDGATE_HTTP_INPUTS` says how many inputs.
 */

import { expect, test } from 'vitest';
import { compare, formatComparison } from './differential/comparison.ts';
import { startNodeHttp } from './differential/readers/node-http.ts';

const { AUDGATE_HTTP_INPUTS = '10000', AUDGATE_SEED = '2026' } = process.env;

test.each(['request', 'response'] as const)('a %s that is accepted: node:http reads it alike', async kind => {
  const result = await compare(startNodeHttp(), kind, Number(AUDGATE_SEED), Number(AUDGATE_HTTP_INPUTS));
  process.stdout.write(formatComparison(`node:http, ${kind}s`, result));
  expect(result.disagreements.slice(0, 3)).toEqual([]);
  expect(result.accepted).toBeGreaterThan(result.inputs / 8);
});
