/**
 * Closing a client's connection so that it can still read its last response: one that closes with unread bytes is reset, and the
 * reset may overtake the response (RFC 9112 section 9.6).
 */
/** Limits, in bytes and milliseconds, of what is read and dropped: the rest of an unread body, or bytes behind the last response. */
export const LINGER_BYTES = 64 * 1024 * 1024;
export const LINGER_TIME = 1_000;
/** Ends the sending direction of `socket` and drops what it still receives. It must have no `data` and `end` listeners left. */
export function closeLingering(socket) {
    let dropped = 0;
    socket.on('data', (bytes) => {
        dropped += bytes.length;
        if (dropped > LINGER_BYTES)
            socket.destroy();
    });
    socket.once('end', () => socket.destroySoon());
    socket.end();
    socket.resume();
}
/**
 * Ends a response in its middle, so that it cannot look whole: with a reset. Where that is not possible, as with TLS, the end of
 * the connection does the same, save for a body that only the end of the connection frames.
 */
export function resetConnection(socket) {
    try {
        socket.resetAndDestroy();
    }
    catch {
        socket.destroy();
    }
}
