/** The two maps of a route whose keys are checked against one another: `scopes` and `claims_to_headers`. */

import { HEADER_NAME_FORM, parseHeaderName } from '../values/header/header-name.ts';
import { foldFieldName } from '../values/header/reserved-fields.ts';
import { parseScope, parseScopeKey, RULE_KEY, RULE_KEY_FORM, SCOPE, SCOPE_FORM } from '../values/scope-rule.ts';
import { addRejection, key, mapWithKeys, text, uniqueList } from './building-blocks.ts';
import { checkKeys } from './key-rules.ts';
import { nonEmpty } from './scalars.ts';

/** `scopes` as a list. */
export const scopeList = uniqueList(text(SCOPE, parseScope, SCOPE_FORM));

/** `scopes` as a map: each key is a rule, and no two keys are the same rule. */
export const scopeMap = mapWithKeys(
  key(RULE_KEY_FORM, RULE_KEY),
  scopeList.describe('The scopes that a request needs, all of them'),
  (rules, context) => {
    if (rules.length === 0) {
      const what = 'the map is empty, so every method would get 405';
      addRejection(context, { what, expected: 'at least one rule, or no such key', standsAlone: true });
    }
    checkKeys(rules, context, {
      parse: parseScopeKey,
      identify: (key, rule) => (rule ? `${rule.method} ${rule.path}` : key),
      describeDuplicate: first => ({ what: `names the same rule as "${first}"` }),
    });
  },
);

export const claimsToHeaders = mapWithKeys(
  key(HEADER_NAME_FORM, 'a header field name such as X-User'),
  nonEmpty.describe('The claim whose value the field gets'),
  (headers, context) => {
    checkKeys(headers, context, {
      parse: parseHeaderName,
      identify: foldFieldName,
      describeDuplicate: first => ({
        what: `is for many servers the same field as "${first}"`,
        expected: 'one of them',
      }),
    });
  },
);
