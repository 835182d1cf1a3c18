/** The header fields that the client gets: the upstream's, without fields that belong to the upstream's connection. */

import type { Route } from '../config/config.ts';
import type { Reason } from '../denial.ts';
import {
  type HeaderList,
  isHopByHop,
  isName,
  NO_FIELDS,
  readConnectionOptions,
  reduceFields,
  valuesOf,
} from '../http/header-list.ts';

/** For the operator: the reason for which a higher enforcement mode would have refused the request. */
const WOULD_DENY = 'audgate-would-deny';

/** @returns the field of a denial that was only reported, where the route shows it. */
export function createNotice(route: Route, reported: Reason | undefined): HeaderList {
  return reported !== undefined && !route.public && route.wouldDenyHeader ? [WOULD_DENY, reported] : NO_FIELDS;
}

/**
 * @param received the upstream's fields, each Latin-1 text.
 * @param added fields of ours, which replace what the upstream sent under their names. Vary is a list, and holds both.
 * @param hasCors what the upstream says of CORS is dropped.
 * @returns the end-to-end fields of both, without Content-Length: whoever writes the response frames it, by the body that it has.
 */
export function createResponseHeaders(received: HeaderList, added: HeaderList = NO_FIELDS, hasCors = false): string[] {
  return reduceFields(received, addField, [...added], { added, hasCors, listed: readConnectionOptions(received) });
}

interface Exclusions {
  readonly added: HeaderList;
  readonly hasCors: boolean;
  /** Names that Connection lists, lower-case. */
  readonly listed: ReadonlySet<string> | undefined;
}

function addField(headers: string[], name: string, value: string, { added, hasCors, listed }: Exclusions): string[] {
  const lower = name.toLowerCase();
  if (lower === 'content-length' || isHopByHop(lower) || listed?.has(lower)) return headers;
  if (hasCors && lower.startsWith('access-control-')) return headers;
  if (!isAdded(lower, added)) headers.push(name, value);
  else if (lower === 'vary') joinVary(headers, value);
  return headers;
}

function isAdded(lower: string, added: HeaderList): boolean {
  for (let index = 0; index < added.length; index += 2) {
    if (isName(added[index] ?? '', lower)) return true;
  }
  return false;
}

/** Adds the members of `value` that are not there yet to the Vary of `headers` (RFC 9110 section 12.5.5). */
function joinVary(headers: string[], value: string): void {
  const at = headers.findIndex((name, index) => index % 2 === 0 && isName(name, 'vary'));
  const known = listMembers(headers[at + 1] ?? '');
  const names = new Set(known.map(name => name.toLowerCase()));
  headers[at + 1] = [...known, ...listMembers(value).filter(name => !names.has(name.toLowerCase()))].join(', ');
}

function listMembers(value: string): string[] {
  return value
    .split(',')
    .map(member => member.trim())
    .filter(member => member !== '');
}

/** @returns whether the fields announce an event stream (HTML Standard, server-sent events). */
export function isEventStream(fields: HeaderList): boolean {
  return valuesOf(fields, 'content-type').some(value => /^text\/event-stream\s*(?:;|$)/i.test(value));
}

/** @returns the fields of an interim response with Early Hints (RFC 8297) that are forwarded. */
export function listHints(fields: HeaderList): HeaderList {
  return valuesOf(fields, 'link').flatMap(link => ['Link', link]);
}
