/** The connections of one listener. It does not listen itself: the caller accepts sockets, plain or TLS, and passes them in. */
import { ServerConnection } from './connection.js';
export class HttpServer {
    /** May be replaced at any time: they hold from the next request on. */
    settings;
    events;
    #sweeper;
    #connections = new Set();
    #keepsAlive = true;
    constructor(settings, events, sweeper) {
        this.settings = settings;
        this.events = events;
        this.#sweeper = sweeper;
    }
    get size() {
        return this.#connections.size;
    }
    /**
     * @param socket one that allows half-open connections, since its end is seen to here.
     * @param peer what is known of its other side; by default it is one of TCP.
     */
    accept(socket, peer = peerOf(socket)) {
        const connection = new ServerConnection(socket, peer, this);
        if (!this.#keepsAlive)
            connection.sender.endKeepAlive();
        this.#connections.add(connection);
        this.#sweeper.add(connection);
        return connection;
    }
    /** From now on each connection closes after the response under way, or else after its next one (`Connection: close`). */
    endKeepAlive() {
        this.#keepsAlive = false;
        for (const connection of this.#connections)
            connection.sender.endKeepAlive();
    }
    /** Closes the connections that are between two requests. */
    closeIdle() {
        for (const connection of this.#connections)
            if (connection.isKept)
                connection.socket.destroy();
    }
    /** Closes the connections that have not sent a byte. */
    closeSilent() {
        for (const connection of this.#connections)
            if (connection.socket.bytesRead === 0)
                connection.socket.destroy();
    }
    /** Closes the connections that have not sent a whole head. */
    closeWaiting() {
        for (const connection of this.#connections) {
            if (!connection.isWaiting)
                continue;
            this.events.onSlowHead();
            connection.socket.destroy();
        }
    }
    destroy() {
        for (const connection of this.#connections)
            connection.socket.destroy();
    }
    /** Called by the connection. */
    onConnectionClose(connection) {
        this.#connections.delete(connection);
        this.#sweeper.remove(connection);
    }
}
function peerOf({ remoteAddress: address }) {
    return { address, isSecure: false };
}
