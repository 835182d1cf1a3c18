/** The field section that the client sees: the upstream's, without what belonged to its connection. */

import type { Route } from '../config/config.ts';
import type { Reason } from '../denial.ts';
import { isHopByHop, readConnectionOptions } from './hop-by-hop.ts';

const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]+$/;

/** A response with such a status has no body, so it must not speak of one's length (RFC 9110 section 8.6). */
const NO_CONTENT = 204;
const isInterim = (status: number) => status < 200;

/** For the operator's eyes: why a higher rung would have denied the request. */
const WOULD_DENY = 'audgate-would-deny';

/** @returns the fields that tell of a denial that was only reported, where the route shows it: alternating names and values. */
export function createNotice(route: Route, reported: Reason | undefined): readonly string[] {
  return reported !== undefined && !route.public && route.wouldDenyHeader ? [WOULD_DENY, reported] : NOTHING;
}

const NOTHING: readonly string[] = [];

/**
 * @param received alternating names and values, each Latin-1 text.
 * @param notice fields of ours, in the same form.
 * @returns the end-to-end fields of both. Content-Length stays: it is the frame of what follows.
 */
export function createResponseHeaders(
  received: readonly string[],
  status: number,
  notice: readonly string[] = NOTHING,
): string[] {
  const headers = [...notice];
  const listed = readConnectionOptions(received);
  for (let index = 0; index + 1 < received.length; index += 2) {
    const name = received[index] ?? '';
    const lower = name.toLowerCase();
    const isKept =
      lower === 'content-length'
        ? status !== NO_CONTENT && !isInterim(status)
        : !isHopByHop(lower) && !listed?.has(lower);
    if (isKept) headers.push(name, received[index + 1] ?? '');
  }
  return headers;
}

/** @returns the upstream's reason phrase where a status line can carry it (RFC 9112 section 4); node writes its own otherwise. */
export function readReasonPhrase(phrase: string | undefined): string | undefined {
  return phrase !== undefined && REASON_PHRASE.test(phrase) ? phrase : undefined;
}

/** @returns whether the fields announce an event stream (HTML Standard, server-sent events). */
export function isEventStream(fields: readonly string[]): boolean {
  return valuesOf(fields, 'content-type').some(value => /^text\/event-stream\s*(?:;|$)/i.test(value));
}

/**
 * A Link value (RFC 8288) in a form that node:http lets into Early Hints (RFC 8297). Node's own check takes exponential
 * time over a value that fails, so it is only given what passes here, in linear time.
 */
const LINK = /^<[^>]*>(?:\s*;\s*[^;="\s]+(?:=(?:"[^;"\s]*"|[^;"\s]*))?)*$/;
const LONGEST_LINK = 1_024;

/** @returns the links of an interim response that can be handed on. */
export function readLinks(fields: readonly string[]): string[] {
  return valuesOf(fields, 'link').filter(value => value.length <= LONGEST_LINK && LINK.test(value));
}

function valuesOf(fields: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index]?.length === name.length && fields[index]?.toLowerCase() === name)
      values.push(fields[index + 1] ?? '');
  }
  return values;
}
