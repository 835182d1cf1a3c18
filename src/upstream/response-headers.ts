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
 * @param added fields of ours, which replace what the upstream sent under their names. Vary is a list, to which ours adds.
 * @returns the end-to-end fields of both, without Content-Length: whoever writes the response frames it, by the body that it has.
 */
export function createResponseHeaders(received: HeaderList, added: HeaderList = NO_FIELDS): string[] {
  return reduceFields(received, addField, [...added], { added, listed: readConnectionOptions(received) });
}

interface Exclusions {
  readonly added: HeaderList;
  /** Names that Connection lists, lower-case. */
  readonly listed: ReadonlySet<string> | undefined;
}

function addField(headers: string[], name: string, value: string, { added, listed }: Exclusions): string[] {
  const lower = name.toLowerCase();
  if (lower === 'content-length' || isHopByHop(lower) || listed?.has(lower) || isReplaced(lower, added)) return headers;
  headers.push(name, value);
  return headers;
}

function isReplaced(lower: string, added: HeaderList): boolean {
  for (let index = 0; index < added.length; index += 2) {
    if (isName(added[index] ?? '', lower)) return lower !== 'vary';
  }
  return false;
}

/** @returns whether the fields announce an event stream (HTML Standard, server-sent events). */
export function isEventStream(fields: HeaderList): boolean {
  return valuesOf(fields, 'content-type').some(value => /^text\/event-stream\s*(?:;|$)/i.test(value));
}

/** @returns the fields of an interim response with Early Hints (RFC 8297) that are forwarded. */
export function listHints(fields: HeaderList): HeaderList {
  return valuesOf(fields, 'link').flatMap(link => ['Link', link]);
}
