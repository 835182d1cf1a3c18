/** What a client gets that sends plain HTTP to a TLS listener. */

import type { Socket } from 'node:net';
import { closeLingering } from '../../http/server/lingering-close.ts';

const BODY = JSON.stringify({
  title: 'Bad Request',
  status: 400,
  reason: 'malformed_request',
  detail: 'Plain HTTP was sent to an HTTPS port: ask for https:// instead.',
});

const REPLY = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: application/problem+json',
  `Content-Length: ${Buffer.byteLength(BODY)}`,
  'Cache-Control: no-store',
  'Connection: close',
  '',
  BODY,
].join('\r\n');

/** Of every method (RFC 9110 section 5.6.2: a token); a record of TLS begins with 22. */
const FIRST_BYTE = /^[A-Za-z]/;

/** @returns whether `bytes`, the first of a connection, may be a request in plain HTTP. */
export function isPlainHttp(bytes: Buffer): boolean {
  return FIRST_BYTE.test(bytes.toString('latin1', 0, 1));
}

/** Replies, and closes the connection once the client has read it. */
export function replyInPlain(socket: Socket): void {
  socket.write(REPLY);
  closeLingering(socket);
}
