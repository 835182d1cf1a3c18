/** `cors` of a route: which web pages may read its responses (Fetch, the CORS protocol). */

import { z } from 'zod';
import { parseWebOrigin, WEB_ORIGIN, WEB_ORIGIN_FORM } from '../values/address/web-origin.ts';
import {
  CORS_FIELD,
  CORS_METHOD,
  CORS_METHOD_FORM,
  MAX_AGE,
  parseCorsField,
  parseCorsMethod,
  parseMaxAge,
} from '../values/cors-entry.ts';
import { DURATION_FORM } from '../values/duration.ts';
import { HEADER_NAME_FORM } from '../values/header/header-name.ts';
import { addRejection, filledList, text, uniqueList } from './building-blocks.ts';
import { flag } from './scalars.ts';

const fieldList = uniqueList(text(CORS_FIELD, parseCorsField, HEADER_NAME_FORM));

const origins = filledList(text(WEB_ORIGIN, parseWebOrigin, WEB_ORIGIN_FORM)).superRefine((list, context) => {
  const every = list.indexOf('*');
  if (every === -1 || list.length === 1) return;
  addRejection(context, { what: 'already stands for every origin', expected: 'no entry beside it' }, [every]);
});

export const cors = z
  .strictObject({
    origins: origins.describe('Origins whose pages may read the responses, compared exactly; or "*" for every origin'),
    methods: filledList(text(CORS_METHOD, parseCorsMethod, CORS_METHOD_FORM))
      .optional()
      .describe('Methods that those pages may use; default: those of the scope rules'),
    headers: fieldList.default([]).describe('Fields that those pages may send, beside Authorization and Content-Type'),
    expose: fieldList
      .default([])
      .describe('Fields of the response that those pages may read, beside WWW-Authenticate and X-Request-Id'),
    credentials: flag.default(false).describe('Whether the browser may send cookies along'),
    max_age: text(MAX_AGE, parseMaxAge, DURATION_FORM)
      .prefault('10m')
      .describe('How long a browser may keep the answer to a preflight; browsers keep it for 2 to 24 hours at most'),
  })
  .superRefine(({ credentials, origins, headers, expose }, context) => {
    if (!credentials) return;
    for (const [key, list] of Object.entries({ origins, headers, expose })) {
      const index = list.indexOf('*');
      // Fetch, "CORS protocol and credentials": with credentials `*` is no wildcard.
      const what = 'does not go with credentials: true, where browsers take it for a name';
      if (index !== -1) addRejection(context, { what, expected: 'each one by its name' }, [key, index]);
    }
  });

export type CorsSettings = z.output<typeof cors>;
