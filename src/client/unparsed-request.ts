/** Requests that node:http could not parse: the reason, and a request to reply to in their place (RFC 9112 section 2.2). */

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export type UnparsedReason = 'malformed_request' | 'headers_too_large' | 'request_timeout';

const REASONS: Readonly<Record<string, UnparsedReason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/**
 * @param error of a connection. Its `rawPacket` is never read: a token can be in it.
 * @returns the reason to refuse; `undefined` if no reply is sent, since the client has closed or never sent a byte.
 */
export function readUnparsedReason(error: NodeJS.ErrnoException, socket: Duplex): UnparsedReason | undefined {
  const isSilent = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof Socket && socket.bytesRead === 0;
  if (error.code === 'ECONNRESET' || !socket.writable || isSilent) return undefined;
  return REASONS[error.code ?? ''] ?? 'malformed_request';
}

/** @returns a request in place of one whose head could not be parsed. */
export function createUnparsedRequest(socket: Socket): IncomingMessage {
  const request = new IncomingMessage(socket);
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.complete = true;
  return request;
}

/** The event of a request whose body is found to be malformed while it is read. */
export const MALFORMED = 'malformed';
