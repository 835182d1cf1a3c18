/** What the fields say of the body: JSON in UTF-8 without a coding (RFC 8259 section 8.1, RFC 9110 sections 8.3 and 8.4). */

import { foldFieldName } from '../config/values/header/reserved-fields.ts';
import { type Denial, deny } from '../denial.ts';
import { type HeaderList, reduceFields } from '../http/header-list.ts';

type ContentReason = 'unsupported_media_type' | 'malformed_request';

const MEDIA_TYPE = 'application/json';
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
/** RFC 9110 section 5.6.6. */
const PARAMETERS = new RegExp(`^(?:[ \\t]*;(?:[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))?)*[ \\t]*$`);
const CHARSET = new RegExp(`;[ \\t]*charset=(${TOKEN}|${QUOTED})`, 'gi');
const UTF_8 = /^"?utf-?8"?$/i;

/**
 * @returns why the body is not read; `undefined` if it is. A field counts in every spelling that a server may take for it.
 */
export function findWrongContent(fields: HeaderList): Denial<ContentReason> | undefined {
  const { types, codings } = reduceFields(fields, addField, { types: [], codings: [] });
  const [type = ''] = types;
  const end = type.indexOf(';');
  const [name, parameters] = end === -1 ? [type, ''] : [type.slice(0, end), type.slice(end)];
  if (types.length < 2 && name.replace(/[ \t]+$/, '').toLowerCase() !== MEDIA_TYPE)
    return deny('unsupported_media_type');
  const isPlain = types.length === 1 && hasUtf8(parameters) && codings.every(coding => /^identity$/i.test(coding));
  return isPlain ? undefined : deny('malformed_request');
}

function hasUtf8(parameters: string): boolean {
  if (!PARAMETERS.test(parameters)) return false;
  const charsets = [...parameters.matchAll(CHARSET)];
  return charsets.length < 2 && charsets.every(([, charset = '']) => UTF_8.test(charset));
}

interface ContentFields {
  readonly types: string[];
  readonly codings: string[];
}

function addField(found: ContentFields, name: string, value: string): ContentFields {
  if (!/^content/i.test(name)) return found;
  const folded = foldFieldName(name);
  if (folded === 'content-type') found.types.push(value);
  if (folded === 'content-encoding') found.codings.push(value);
  return found;
}
