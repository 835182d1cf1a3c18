/**
 * Closing a client's connection so that it can still read its last response: one that closes with unread bytes is reset, and the
 * reset may overtake the response (RFC 9112 section 9.6).
 */

import type { Socket } from 'node:net';

/** Of a body that nobody reads, or behind the last response: bytes that are read and dropped, and milliseconds for it. */
export const LINGER_BYTES = 64 * 1024 * 1024;
export const LINGER_TIME = 1_000;

/** Ends our direction of `socket`, whose `data` and `end` nobody listens to any more, and drops what still comes. */
export function closeLingering(socket: Socket): void {
  let dropped = 0;
  socket.on('data', (bytes: Buffer) => {
    dropped += bytes.length;
    if (dropped > LINGER_BYTES) socket.destroy();
  });
  socket.once('end', () => socket.destroySoon());
  socket.end();
  socket.resume();
}

/**
 * Resets a TCP connection, so that what was sent of a response does not look whole. Of another, such as one of TLS, the end cuts a response just as well, save one that only the end
 * of the connection frames.
 */
export function resetConnection(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}
