/** The header fields in which claims may reach the upstream (RFC 9110 section 5.1). */

import { accept, type Parsed, refuse } from './fault.ts';
import { findReservedField, foldFieldName } from './reserved-fields.ts';

export const HEADER_NAME_FORM = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * @returns `name`; refuses what is no field name, and each reserved field in every spelling, save those that tell who the
 *   user is: that is what claims are for.
 */
export function parseHeaderName(name: string): Parsed<string> {
  if (!HEADER_NAME_FORM.test(name)) {
    return refuse('is not a header field name', { expected: 'a name such as X-User' });
  }
  const reserved = findReservedField(foldFieldName(name));
  if (reserved !== undefined && reserved.group !== 'user') {
    return refuse(`is a header field that claims must not set: it ${reserved.reason}`, {
      code: 'reserved-header',
      expected: 'a name of your own such as X-User',
    });
  }
  return accept(name);
}
