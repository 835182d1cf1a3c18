/**
 * A reset must not pass for an end: it would make a body whole that only the end of the connection frames (RFC 9112 section 8).
 * Where a reset arrives together with bytes, node:net reports the bytes and then an end. Over TLS it cannot be told.
 */
/**
 * @param socket one that has told its `end` and allows half-open connections.
 * @param onEnd called in the next turn of the event loop, unless the connection was reset. It is destroyed in any case.
 */
export function endUnlessReset(socket, onEnd) {
    // A write fails on a connection that was reset, also one of no bytes; what still waits to be written fails by itself.
    if (socket.writableLength === 0)
        socket.write('');
    setImmediate(() => {
        if (!socket.destroyed)
            onEnd();
        socket.destroy();
    });
}
