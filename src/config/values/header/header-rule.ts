/** `set` and `remove` of `request_headers` and `response_headers`: which fields they may name, and what a value is. */

import { accept, type ParsedValue, reject } from '../parsed-value.ts';
import { HEADER_NAME_FORM } from './header-name.ts';
import { type FieldGroup, findReservedField, foldFieldName } from './reserved-fields.ts';

export const FIELD_NAME = 'a header field name such as X-Api-Key';
export const FIELD_VALUE = '1 to 8192 visible ASCII characters, and blanks only between them';

/** Those about framing, the connection, and what the gateway itself says of the client, the user and the path. */
const REQUEST_GROUPS: readonly FieldGroup[] = ['connection', 'forwarding', 'override', 'method', 'peer', 'user'];
/** A response has no method and no peer, and some fields of `override` are for a proxy in front, such as X-Accel-Buffering. */
const RESPONSE_GROUPS: readonly FieldGroup[] = ['connection', 'forwarding', 'user'];
const HANDSHAKE = /^sec-websocket-/;
const OWN = /^audgate-/;

const VALUE = /^[\x21-\x7e](?:[\t\x20-\x7e]{0,8190}[\x21-\x7e])?$/;

/** @returns `name`; rejects every spelling of a field that the gateway sets or removes itself, and those of a WebSocket handshake. */
export function parseRequestRule(name: string): ParsedValue<string> {
  return parseRule(name, REQUEST_GROUPS);
}

/** @returns `name`, as for a request; also rejects the gateway's own fields. */
export function parseResponseRule(name: string): ParsedValue<string> {
  return parseRule(name, RESPONSE_GROUPS);
}

/** @returns `text`, a field value (RFC 9110 section 5.5) without controls. No message quotes it, since it may be a secret. */
export function parseFieldValue(text: string): ParsedValue<string> {
  if (VALUE.test(text)) return accept(text);
  const what = 'the value is empty, too long, begins or ends with a blank, or has a character other than visible ASCII';
  return reject(what, { expected: FIELD_VALUE, standsAlone: true });
}

function parseRule(name: string, groups: readonly FieldGroup[]): ParsedValue<string> {
  if (!HEADER_NAME_FORM.test(name)) return reject('is not a header field name', { expected: FIELD_NAME });
  const reason = findReason(foldFieldName(name), groups);
  if (reason === undefined) return accept(name);
  const expected = 'another field, or no rule for this one';
  return reject(`is a header field that no rule may name: it ${reason}`, { code: 'reserved-header-rule', expected });
}

function findReason(folded: string, groups: readonly FieldGroup[]): string | undefined {
  if (HANDSHAKE.test(folded)) return 'opens a WebSocket (RFC 6455 section 4)';
  if (OWN.test(folded)) return 'is written by the gateway';
  const reserved = findReservedField(folded);
  return reserved !== undefined && groups.includes(reserved.group) ? reserved.reason : undefined;
}
