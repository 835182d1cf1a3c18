/** The open WebSockets of one configuration. */
export class Tunnels {
    #open = new Set();
    #isDraining = false;
    /** Registers a tunnel for `drain`. @returns settles when it has closed, with the reason where the gateway ended it. */
    async waitForClose(tunnel) {
        this.#open.add(tunnel);
        if (this.#isDraining)
            tunnel.end('drain');
        const end = await tunnel.closed;
        this.#open.delete(tunnel);
        return end;
    }
    /** Sends every client a close frame, and from now on each new one at once: its handshake may be under way. */
    drain() {
        this.#isDraining = true;
        for (const tunnel of this.#open)
            tunnel.end('drain');
    }
    /** Closes every tunnel at once. */
    destroy() {
        for (const tunnel of this.#open)
            tunnel.destroy();
    }
}
