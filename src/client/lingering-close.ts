/**
 * Closes a client's connection so that the client can still read its response: the system resets a connection that is closed
 * with unread bytes, and the client may see the reset before the response (RFC 9112 section 9.6).
 */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { MALFORMED } from './unparsed-request.ts';

const LINGER_BYTES = 64 * 1024 * 1024;
const LINGER_TIME = 1_000;

/**
 * Reads and drops the rest of a request after its response, for up to a second or 64 MiB.
 *
 * @returns whether the request is complete, so that the connection can be used again.
 */
export function discardRequest(request: IncomingMessage): Promise<boolean> {
  if (request.complete || request.destroyed) return Promise.resolve(request.complete);
  return new Promise(resolve => {
    let dropped = 0;
    const settle = () => {
      clearTimeout(timer);
      request.off('data', drop).off('end', settle).off('close', settle).off(MALFORMED, settle);
      resolve(request.complete);
    };
    const drop = (piece: Buffer) => {
      dropped += piece.length;
      if (dropped > LINGER_BYTES) settle();
    };
    const timer = setTimeout(settle, LINGER_TIME);
    request.on('data', drop).once('end', settle).once('close', settle).once(MALFORMED, settle).resume();
  });
}

/** Ends a socket that no parser reads any more, and waits up to a second for the client to end it, too. */
export function startLingeringClose(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_TIME);
  socket.once('close', () => clearTimeout(timer)).once('end', () => socket.destroy());
  socket.resume().end();
}
