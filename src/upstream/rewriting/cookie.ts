/** Path and Domain of a cookie (RFC 6265 sections 5.2.3 and 5.2.4), read as browsers read them. */

import { readHost } from '../../route/authority.ts';
import { mapCookiePath } from './path-mapping.ts';
import type { Place } from './place.ts';

/** A browser refuses a cookie of such a name that is not for all paths of one host (RFC 6265bis section 4.1.3.2). */
const HOST_ONLY = /^[\t ]*__host-/i;
/** For such a field browsers differ: some drop the cookie, some cut it. A tab is a blank. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
const LEADING_BLANKS = /^[\t ]+/;

interface Attribute {
  readonly text: string;
  readonly name: string;
  readonly value: string;
}

/**
 * @param field the value of one Set-Cookie field.
 * @returns it with each Path as clients of the gateway have it, and without a Domain that names the upstream; the browser then
 *   takes the gateway's host. A `__Host-` cookie, a Path that names nothing of the upstream, and another Domain are left.
 */
export function rewriteCookie(field: string, place: Place): string {
  const end = field.indexOf(';');
  if (end === -1 || HOST_ONLY.test(field) || CONTROL.test(field)) return field;
  const attributes = field
    .slice(end + 1)
    .split(';')
    .map(readAttribute);
  // The last one counts. Were only that removed, the one before would.
  const domain = attributes.findLast(({ name }) => name === 'domain');
  const dropsDomain = domain !== undefined && isUpstreamHost(domain.value, place);
  const kept = dropsDomain ? attributes.filter(({ name }) => name !== 'domain') : attributes;
  return [field.slice(0, end), ...kept.map(attribute => rewritePath(attribute, place))].join(';');
}

function rewritePath({ text, name, value }: Attribute, { paths }: Place): string {
  if (name !== 'path' || !value.startsWith('/') || value.includes('\\')) return text;
  const mapped = mapCookiePath(value, paths);
  return mapped === undefined || mapped === value ? text : `${text.slice(0, text.indexOf('=') + 1)}${mapped}`;
}

/** A dot before the name means nothing (RFC 6265 section 5.2.3). */
function isUpstreamHost(domain: string, { origins }: Place): boolean {
  const host = domain.replace(/^\./, '').toLowerCase();
  return origins.some(({ authority }) => readHost(authority) === host);
}

function readAttribute(text: string): Attribute {
  const sign = text.indexOf('=');
  const name = trimBlanks(sign === -1 ? text : text.slice(0, sign)).toLowerCase();
  return { text, name, value: sign === -1 ? '' : trimBlanks(text.slice(sign + 1)) };
}

/** Blanks and tabs only. `trim` also takes bytes of UTF-8 for blanks, and a pattern that ends in `$` can cost the square of the length. */
function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(0, end).replace(LEADING_BLANKS, '');
}
