/** The field section that the client sees: the upstream's, without what belonged to its connection. */

import { isHopByHop, readConnectionOptions } from './hop-by-hop.ts';

const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]+$/;

/**
 * @param received alternating names and values, each Latin-1 text.
 * @returns the same, end-to-end fields only. Content-Length stays: it is the frame of what follows.
 */
export function createResponseHeaders(received: readonly string[]): string[] {
  const headers: string[] = [];
  const listed = readConnectionOptions(received);
  for (let index = 0; index + 1 < received.length; index += 2) {
    const name = received[index] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'content-length' || !isHopByHop(lower, listed)) headers.push(name, received[index + 1] ?? '');
  }
  return headers;
}

/** @returns the upstream's reason phrase where a status line can carry it (RFC 9112 section 4); node writes its own otherwise. */
export function readReasonPhrase(phrase: string | undefined): string | undefined {
  return phrase !== undefined && REASON_PHRASE.test(phrase) ? phrase : undefined;
}
