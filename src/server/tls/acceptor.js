/** Makes accepted connections secure. What is under way counts as a connection: `limits.connections` bounds it. */
import { ServerCertificates } from './certificates.js';
import { Handshake } from './handshake.js';
export class TlsAcceptor {
    #sweeper;
    #ticketKeys;
    #events;
    #underWay = new Set();
    #tls;
    /** Milliseconds for a handshake. */
    #time = 0;
    #certificates;
    /** Of the ticket keys that `#certificates` has. */
    #period = 0;
    constructor(sweeper, ticketKeys, events) {
        this.#sweeper = sweeper;
        this.#ticketKeys = ticketKeys;
        this.#events = events;
    }
    /**
     * For connections that are accepted from now on. Sessions are resumed across this, since the ticket keys stay.
     *
     * @param tls `undefined`: there is none, and `accept` must not be called.
     */
    use(tls, time) {
        this.#tls = tls;
        this.#time = time;
        this.#certificates = undefined;
    }
    /** @param raw just accepted, half-open connections allowed. */
    accept(raw) {
        const certificates = this.#currentCertificates();
        const handshake = new Handshake(raw, certificates, this.#time, {
            onSecure: (ended, socket) => {
                this.#remove(ended);
                this.#events.onSecure(socket);
            },
            onFailure: this.#events.onFailure,
            onClose: ended => this.#remove(ended),
        });
        this.#underWay.add(handshake);
        this.#sweeper.add(handshake);
    }
    /** Closes the connections that have not sent a byte. */
    closeSilent() {
        for (const handshake of this.#underWay)
            if (handshake.isSilent)
                handshake.destroy();
    }
    /** Closes the connections whose handshake is not complete. */
    destroy() {
        for (const handshake of this.#underWay)
            handshake.destroy();
    }
    #currentCertificates() {
        const now = Date.now();
        const period = this.#ticketKeys.periodAt(now);
        if (this.#certificates && period === this.#period)
            return this.#certificates;
        if (!this.#tls)
            throw new Error('no certificate');
        this.#period = period;
        this.#certificates = new ServerCertificates(this.#tls, this.#ticketKeys.keyAt(now));
        return this.#certificates;
    }
    #remove(handshake) {
        this.#underWay.delete(handshake);
        this.#sweeper.remove(handshake);
    }
}
