/** The connections to one endpoint, kept over a reload that does not change it. */
import { createConnector } from '../../http/client/connector.js';
import { Pool } from '../../http/client/pool.js';
import { createTlsContext } from '../../http/client/tls-context.js';
import { Availability } from './availability.js';
/** Milliseconds between two calls of `onUnsolicited`. */
const NOTICE_INTERVAL = 60_000;
/** @returns a text that differs where connections must not be shared: the certificate that was sent is part of it. */
export function poolKey({ label, origin }, settings) {
    const { tls, keepAlive, maxResponseHeaders, lenient } = settings;
    const times = [keepAlive?.idle, keepAlive?.maxAge];
    return JSON.stringify([origin, label, tls?.fingerprint, ...times, maxResponseHeaders, lenient]);
}
export class ConnectionPool {
    /** Opens a connection that is not one of the pool, with the same name and certificates. */
    connect;
    availability = new Availability();
    #pool;
    #label;
    #events;
    /** Connections with unsolicited bytes since the last call of `onUnsolicited`, and when that was. */
    #unsolicited = 0;
    #noticedAt = Number.NEGATIVE_INFINITY;
    /** The configurations that use it. */
    #users = 1;
    constructor(endpoint, settings, sweeper, events) {
        const { tls, keepAlive, maxResponseHeaders, lenient } = settings;
        this.#label = endpoint.label;
        this.#events = events;
        const connect = createConnector(readTarget(endpoint, tls));
        this.connect = () => {
            const opening = connect();
            opening.socket.once(opening.readyEvent, () => this.availability.onConnect());
            return opening;
        };
        this.#pool = new Pool({
            ...{ connect: this.connect, sweeper, head: maxResponseHeaders, lenient },
            ...{ idle: keepAlive?.idle ?? 0, maxAge: keepAlive?.maxAge ?? 0 },
            onUnsolicited: this.#onUnsolicited,
        });
    }
    /**
     * Sends a request: on the connection that is reserved for `client` where there is one, else on one that is free.
     *
     * @throws TypeError where the request cannot be sent as what it is.
     */
    send(request, handler, times, client) {
        return this.#pool.send(request, handler, times, client);
    }
    /** @returns whether a connection is open on which this client, and nobody else, is authenticated. */
    isReservedFor(client) {
        return this.#pool.isReservedFor(client);
    }
    /** It is one of several endpoints: from now on it can be left out, and `events` says so. */
    watchAvailability() {
        this.availability.events ??= {
            onLeftOut: cause => this.#events.onLeftOut(this.#label, cause),
            onBack: () => this.#events.onBack(this.#label),
        };
    }
    /** @returns this pool, for one configuration more. */
    retain() {
        this.#users += 1;
        return this;
    }
    /** The last user closes the connections, once the requests on them have finished. */
    async release() {
        this.#users -= 1;
        if (this.#users === 0)
            await this.#pool.close();
    }
    /** Closes the connections at once, also where another configuration uses them. */
    destroy() {
        this.#pool.destroy();
    }
    #onUnsolicited = () => {
        this.#unsolicited += 1;
        const now = performance.now();
        if (now - this.#noticedAt < NOTICE_INTERVAL)
            return;
        this.#noticedAt = now;
        this.#events.onUnsolicited(this.#label, this.#unsolicited);
        this.#unsolicited = 0;
    };
}
/** All names of TLS come from the URL or the configuration: never from Host, which the client chooses. */
export function readTarget({ origin, socketPath }, tls) {
    if (socketPath !== undefined)
        return { host: socketPath, isUnix: true };
    const { protocol, hostname, port } = new URL(origin);
    const host = hostname.replace(/^\[|\]$/g, '');
    if (protocol !== 'https:')
        return { host, port: Number(port || 80) };
    const context = tls && createTlsContext(tls);
    return { host, port: Number(port || 443), tls: { serverName: tls?.serverName, context } };
}
