/** The field section that the client sees: the upstream's, without what belonged to its connection. */

import { isHopByHop, readConnectionOptions } from './hop-by-hop.ts';

const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]+$/;

/** A response with this status has no body, so it must not speak of one's length (RFC 9110 section 8.6). */
const NO_CONTENT = 204;

/**
 * @param received alternating names and values, each Latin-1 text.
 * @returns the same, end-to-end fields only. Content-Length stays: it is the frame of what follows.
 */
export function createResponseHeaders(received: readonly string[], status: number): string[] {
  const headers: string[] = [];
  const listed = readConnectionOptions(received);
  for (let index = 0; index + 1 < received.length; index += 2) {
    const name = received[index] ?? '';
    const lower = name.toLowerCase();
    const isKept = lower === 'content-length' ? status !== NO_CONTENT : !isHopByHop(lower) && !listed?.has(lower);
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
