/** Names of header fields (RFC 9110 section 5.1): how servers confuse them, which are reserved, and which a claim may have. */

import { accept, type ParsedValue, reject } from '../parsed-value.ts';
import { type FieldGroup, RESERVED_FIELDS } from './reserved-fields.ts';

export const HEADER_NAME_FORM = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * @returns `name`; refuses what is no field name, and each reserved field in every spelling, save those that tell who the
 *   user is: that is what claims are for.
 */
export function parseHeaderName(name: string): ParsedValue<string> {
  if (!HEADER_NAME_FORM.test(name)) {
    return reject('is not a header field name', { expected: 'a name such as X-User' });
  }
  const reserved = findReservedField(foldFieldName(name));
  if (reserved !== undefined && reserved.group !== 'user') {
    return reject(`is a header field that claims must not set: it ${reserved.reason}`, {
      code: 'reserved-header',
      expected: 'a name of your own such as X-User',
    });
  }
  return accept(name);
}

export interface ReservedField {
  readonly group: FieldGroup;
  /** For people: who reads the field, and as what. */
  readonly reason: string;
}

const NAMES = new Map<string, ReservedField>();
/** By their first letters, since clients choose the names that are looked up. */
const PREFIXES = new Map<string, (readonly [string, ReservedField])[]>();
const FIRST = 4;
for (const [group, reasons] of Object.entries(RESERVED_FIELDS) as [FieldGroup, Record<string, string>][]) {
  for (const [name, reason] of Object.entries(reasons)) {
    if (name.endsWith('*')) keepPrefix(name.slice(0, -1), { group, reason });
    else NAMES.set(name, { group, reason });
  }
}

function keepPrefix(prefix: string, field: ReservedField): void {
  const first = prefix.slice(0, FIRST);
  PREFIXES.set(first, [...(PREFIXES.get(first) ?? []), [prefix, field]]);
}

/**
 * @returns one text for all names that an upstream may confuse. CGI and its heirs (RFC 3875 section 4.1.18) make the same
 *   variable of `X_User` and `X-User`, some of `X.User` and every other character that no variable may have, too.
 */
export function foldFieldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** @param folded a name as `foldFieldName` gives it. @returns what the list says of it; `undefined`: a field like any other. */
export function findReservedField(folded: string): ReservedField | undefined {
  return NAMES.get(folded) ?? PREFIXES.get(folded.slice(0, FIRST))?.find(([prefix]) => folded.startsWith(prefix))?.[1];
}
