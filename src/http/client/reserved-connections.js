/**
 * The connections of one pool that are authenticated as a whole (RFC 4559 section 6): each serves the requests of one client's
 * connection only, and closes with it.
 */
export class ReservedConnections {
    #all = new Set();
    #byOwner = new WeakMap();
    has(connection) {
        return this.#all.has(connection);
    }
    /** @returns the connection of this client, where it is free. */
    find(owner) {
        const connection = this.#byOwner.get(owner);
        return connection?.isIdle ? connection : undefined;
    }
    /** From now on `connection` is for `owner` only; the one that it had before is closed. */
    add(connection, owner) {
        if (this.#all.has(connection))
            return;
        this.#all.add(connection);
        const before = this.#byOwner.get(owner);
        this.#byOwner.set(owner, connection);
        if (before)
            before.destroy();
        // One listener for each upstream that this client has authenticated itself to, however often it does.
        else
            owner.setMaxListeners(owner.getMaxListeners() + 1).once('close', () => this.#byOwner.get(owner)?.destroy());
        if (owner.destroyed)
            connection.destroy();
    }
    /** The connection has closed. */
    delete(connection) {
        this.#all.delete(connection);
    }
}
