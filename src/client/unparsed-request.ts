/** Requests that node:http could not read: why, and what stands for them until they are answered (RFC 9112 section 2.2). */

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export type UnreadableReason = 'malformed_request' | 'headers_too_large' | 'request_timeout';

const REASONS: Readonly<Record<string, UnreadableReason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/**
 * @param error of a connection. Its bytes are never looked at: they are the caller's, token and all.
 * @returns the reason to refuse, or `undefined` where nobody is there to be told: the client has left, or has never sent a byte.
 */
export function readUnreadable(error: NodeJS.ErrnoException, socket: Duplex): UnreadableReason | undefined {
  const isSilent = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof Socket && socket.bytesRead === 0;
  if (error.code === 'ECONNRESET' || !socket.writable || isSilent) return undefined;
  return REASONS[error.code ?? ''] ?? 'malformed_request';
}

/** @returns what stands for a request whose head was never read. */
export function createUnreadRequest(socket: Socket): IncomingMessage {
  const request = new IncomingMessage(socket);
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.complete = true;
  return request;
}

/** Told to a request whose body turned out malformed while it was being read. */
export const MALFORMED = 'malformed';
