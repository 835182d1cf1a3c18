/** The header fields that the client gets: the upstream's, without fields that belong to the upstream's connection. */

import type { Route } from '../config/config.ts';
import type { Reason } from '../denial.ts';
import {
  type HeaderList,
  isHopByHop,
  NO_FIELDS,
  readConnectionOptions,
  reduceFields,
  valuesOf,
} from '../http/header-list.ts';

const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]+$/;
const NO_CONTENT = 204;

/** For the operator: the reason for which a higher enforcement mode would have refused the request. */
const WOULD_DENY = 'audgate-would-deny';

/** @returns our own fields for the response: of a denial that was only reported, where the route shows it. */
export function createNotice(route: Route, reported: Reason | undefined): HeaderList {
  return reported !== undefined && !route.public && route.wouldDenyHeader ? [WOULD_DENY, reported] : NO_FIELDS;
}

/**
 * @param received the upstream's fields, each Latin-1 text.
 * @param notice our own fields.
 * @returns the end-to-end fields of both. Content-Length is kept, since it frames the body, but not where the status allows no
 *   body (RFC 9110 section 8.6).
 */
export function createResponseHeaders(received: HeaderList, status: number, notice: HeaderList = NO_FIELDS): string[] {
  const hasNoBody = status === NO_CONTENT || status < 200;
  return reduceFields(received, hasNoBody ? addWithoutLength : addField, [...notice], readConnectionOptions(received));
}

type ConnectionOptions = ReadonlySet<string> | undefined;

function addWithoutLength(headers: string[], name: string, value: string, listed: ConnectionOptions): string[] {
  return name.toLowerCase() === 'content-length' ? headers : addField(headers, name, value, listed);
}

/** Connection cannot list Content-Length away: without it the body would be framed otherwise. */
function addField(headers: string[], name: string, value: string, listed: ConnectionOptions): string[] {
  const lower = name.toLowerCase();
  if (lower === 'content-length' || !(isHopByHop(lower) || listed?.has(lower))) headers.push(name, value);
  return headers;
}

/** @returns the upstream's reason phrase where a status line can hold it (RFC 9112 section 4); else node:http writes its own. */
export function readReasonPhrase(phrase: string | undefined): string | undefined {
  return phrase !== undefined && REASON_PHRASE.test(phrase) ? phrase : undefined;
}

/** @returns whether the fields announce an event stream (HTML Standard, server-sent events). */
export function isEventStream(fields: HeaderList): boolean {
  return valuesOf(fields, 'content-type').some(value => /^text\/event-stream\s*(?:;|$)/i.test(value));
}

/**
 * A Link value (RFC 8288) in a form that node:http lets into Early Hints (RFC 8297). Node's own check takes exponential
 * time over a value that fails, so it is only given what passes here, in linear time.
 */
const LINK = /^<[^>]*>(?:\s*;\s*[^;="\s]+(?:=(?:"[^;"\s]*"|[^;"\s]*))?)*$/;
const LONGEST_LINK = 1_024;

/** @returns the links of an interim response that can be forwarded. */
export function readLinks(fields: HeaderList): string[] {
  return valuesOf(fields, 'link').filter(value => value.length <= LONGEST_LINK && LINK.test(value));
}
