/** `request_headers` and `response_headers` of a route. What they may not name together is checked in header-rules.ts. */

import { z } from 'zod';
import { HEADER_NAME_FORM } from '../values/header/header-name.ts';
import {
  FIELD_NAME,
  FIELD_VALUE,
  parseFieldValue,
  parseRequestRule,
  parseResponseRule,
} from '../values/header/header-rule.ts';
import { foldFieldName } from '../values/header/reserved-fields.ts';
import type { ParsedValue } from '../values/parsed-value.ts';
import { key, mapWithKeys, text, uniqueList } from './building-blocks.ts';
import { checkKeys } from './key-rules.ts';

const fieldValue = text(FIELD_VALUE, parseFieldValue, { minLength: 1, maxLength: 8192 }).describe(
  'The value of the field; write secrets as ${file:…}',
);

export const requestHeaders = headerRules(parseRequestRule, {
  set: 'Fields that the upstream gets, with their values; those of the client are removed. Write secrets as ${file:…}',
  remove: 'Fields of the client that the upstream does not get',
});

export const responseHeaders = headerRules(parseResponseRule, {
  set: 'Fields that the client gets, with their values, in place of those of the upstream',
  remove: 'Fields of the upstream that the client does not get',
});

function headerRules(parse: (name: string) => ParsedValue<string>, texts: Readonly<Record<'set' | 'remove', string>>) {
  return z.strictObject({
    set: mapWithKeys(key(HEADER_NAME_FORM, FIELD_NAME), fieldValue, (names, context) => {
      checkKeys(names, context, {
        parse,
        identify: foldFieldName,
        describeDuplicate: first => ({
          what: `is for many servers the same field as "${first}"`,
          expected: 'one of them',
        }),
      });
    })
      .default({})
      .describe(texts.set),
    remove: uniqueList(text(FIELD_NAME, parse, HEADER_NAME_FORM))
      .default([])
      .describe(texts.remove),
  });
}

export type HeaderRuleSettings = z.output<typeof requestHeaders>;
