/** How many connections of clients are open, HTTP and upgraded ones apart. */
export class OpenConnections {
    #http = 0;
    #upgraded = 0;
    /** Counts a connection until it closes. */
    track(socket) {
        this.#http += 1;
        socket.once('close', () => {
            this.#http -= 1;
        });
    }
    /** Counts a connection that is tracked as upgraded from here on. */
    trackUpgraded(socket) {
        this.#upgraded += 1;
        this.#http -= 1;
        // Runs before the close listener of `track`, which subtracts the connection from the HTTP ones.
        socket.prependOnceListener('close', () => {
            this.#upgraded -= 1;
            this.#http += 1;
        });
    }
    read() {
        return { http: this.#http, upgraded: this.#upgraded };
    }
}
