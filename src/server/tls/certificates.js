/** Which certificate a client gets: the one with the name that it asks for (SNI, RFC 6066 section 3). */
import { createServerContext } from '../../http/server/tls-context.js';
export class ServerCertificates {
    #tls;
    #ticketKeys;
    #byName = new Map();
    /** Made when the first client needs it: a list may be long. */
    #contexts = new Map();
    constructor(tls, ticketKeys) {
        this.#tls = tls;
        this.#ticketKeys = ticketKeys;
        for (const certificate of tls.certificates) {
            for (const name of certificate.names) {
                if (!this.#byName.has(name))
                    this.#byName.set(name, certificate);
            }
        }
    }
    /** For a client that asks for no name. */
    get first() {
        return this.#contextOf(this.#tls.certificates[0]);
    }
    /**
     * @param name that the client asks for.
     * @returns the context of the certificate with this very name, else with a wildcard for its first label (RFC 9525 section
     *   6.3), else of the first one.
     */
    find(name) {
        const lower = name.toLowerCase();
        const wildcard = `*${lower.slice(Math.max(0, lower.indexOf('.')))}`;
        const found = this.#byName.get(lower) ?? this.#byName.get(wildcard);
        return this.#contextOf(found ?? this.#tls.certificates[0]);
    }
    #contextOf(certificate) {
        const known = this.#contexts.get(certificate);
        if (known)
            return known;
        const { cert, key } = certificate;
        const context = createServerContext({
            ...{ cert, key, minVersion: this.#tls.minVersion, ticketKeys: this.#ticketKeys },
        });
        this.#contexts.set(certificate, context);
        return context;
    }
}
