/** What a client must check of a 101 before it uses the connection as a WebSocket (RFC 6455 section 4.1). */

import { createHash } from 'node:crypto';
import { type HeaderList, listMembers, valuesOf } from '../http/header-list.ts';

/** The parts of an `IncomingMessage` that are checked. */
export interface HandshakeResponse {
  readonly statusCode?: number | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: HeaderList;
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * A server that did not compute Sec-WebSocket-Accept from this very key has not understood the handshake, and reads what
 * follows as something else, such as the next request.
 *
 * @param sent the fields of the request.
 * @returns whether the response switches to the WebSocket that was requested. Refused: another version or status; Upgrade or
 *   Connection without the one token; an accept value that is wrong, absent or doubled; a subprotocol or an extension that
 *   was not offered, or two subprotocols.
 */
export function isHandshakeResponse({ statusCode, httpVersion, rawHeaders }: HandshakeResponse, sent: HeaderList) {
  const [key = '', ...furtherKeys] = valuesOf(sent, 'sec-websocket-key');
  const expected = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const accepted = valuesOf(rawHeaders, 'sec-websocket-accept');
  return (
    statusCode === 101 &&
    httpVersion === '1.1' &&
    valuesOf(rawHeaders, 'upgrade').join().toLowerCase() === 'websocket' &&
    listOf(rawHeaders, 'connection').some(option => option.toLowerCase() === 'upgrade') &&
    key !== '' &&
    furtherKeys.length === 0 &&
    accepted.length === 1 &&
    accepted[0] === expected &&
    isOfferedProtocol(valuesOf(rawHeaders, 'sec-websocket-protocol'), listOf(sent, 'sec-websocket-protocol')) &&
    areOfferedExtensions(listOf(rawHeaders, 'sec-websocket-extensions'), listOf(sent, 'sec-websocket-extensions'))
  );
}

/** One of the subprotocols offered, in the same letter case, or none (RFC 6455 sections 4.1 and 11.3.4). */
function isOfferedProtocol(chosen: readonly string[], offered: readonly string[]): boolean {
  return chosen.length === 0 || (chosen.length === 1 && offered.includes(chosen[0] ?? ''));
}

/** By name: a parameter that the client cannot use is for the client to refuse (RFC 6455 section 9.1). */
function areOfferedExtensions(chosen: readonly string[], offered: readonly string[]): boolean {
  const names = new Set(offered.map(extensionName));
  return chosen.every(extension => names.has(extensionName(extension)));
}

function extensionName(extension: string): string {
  return (extension.split(';')[0] ?? '').trim();
}

/** The members of a list (RFC 9110 section 5.6.1), of all fields of that name. */
function listOf(fields: HeaderList, name: string): string[] {
  return valuesOf(fields, name).flatMap(listMembers);
}
