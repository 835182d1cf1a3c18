/** An entry of `exceptions` of a route. What it says of other keys is checked in exceptions/exception-checks.ts. */

import { z } from 'zod';
import { EXCUSABLE_REASONS } from '../../denial.ts';
import { DAY, DAY_FORM, parseDay } from '../values/day.ts';
import { accept, reject } from '../values/parsed-value.ts';
import { filledList, text } from './building-blocks.ts';
import { nonEmpty } from './scalars.ts';

const OWNER = 'a person or a team';

const owner = text(OWNER, written => (written.trim() === '' ? reject('is empty') : accept(written)), { minLength: 1 });

export const exceptionSchema = z.strictObject({
  client_id: nonEmpty.describe('The client of the token, compared exactly'),
  reasons: filledList(z.enum(EXCUSABLE_REASONS)).describe('What is not refused to it; all else still is'),
  until: text(DAY, parseDay, DAY_FORM).describe('The last day on which it holds, in UTC; at most a year ahead'),
  owner: owner.describe('Who sees to it that the exception is not needed any more'),
  presented: nonEmpty
    .optional()
    .describe(
      'With wrong_audience: what the token must be for instead: the resource of another route, foreign, missing or multiple',
    ),
  iss: nonEmpty
    .optional()
    .describe('The issuer that the token must be of; required where the route accepts several issuers'),
});

export type ExceptionSettings = z.output<typeof exceptionSchema>;
