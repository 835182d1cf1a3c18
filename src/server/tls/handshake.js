/**
 * One connection of a TLS listener until it is secure. Its first byte is looked at before TLS reads it, since OpenSSL leaves no way
 * to answer plain HTTP.
 *
 * `secure` and `_tlsError` are the events by which the server of node:tls itself follows a handshake. It is not used, because it ties
 * a connection to the time-out and the certificates that it was created with.
 */
import { TLSSocket } from 'node:tls';
import { Deadline } from '../../http/deadline.js';
import { LINGER_TIME } from '../../http/server/lingering-close.js';
import { findHandshakeFailure } from './handshake-failure.js';
import { isPlainHttp, replyInPlain } from './plain-reply.js';
/** The content type of a handshake's records (RFC 8446 section 5.1). */
const HANDSHAKE_RECORD = 22;
const PROTOCOLS = ['http/1.1'];
export class Handshake {
    #raw;
    #certificates;
    #events;
    #deadline = new Deadline();
    /** It is complete, or its failure was told. */
    #isOver = false;
    /** @param raw just accepted, half-open connections allowed. @param time milliseconds for all of the handshake. */
    constructor(raw, certificates, time, events) {
        this.#raw = raw;
        this.#certificates = certificates;
        this.#events = events;
        this.#deadline.start(time);
        raw
            .once('data', this.#onFirstBytes)
            .once('end', this.#onEnd)
            .on('error', this.#onError)
            .once('close', this.#onClose);
    }
    /** Whether the client has not sent a byte. */
    get isSilent() {
        return this.#raw.bytesRead === 0;
    }
    sweep(now) {
        if (!this.#deadline.isPast(now))
            return;
        this.#fail('timeout');
        this.destroy();
    }
    destroy() {
        this.#raw.destroy();
    }
    #onFirstBytes = (bytes) => {
        if (bytes[0] === HANDSHAKE_RECORD) {
            this.#secure(bytes);
            return;
        }
        const isPlain = isPlainHttp(bytes);
        this.#fail(isPlain ? 'plain_http' : 'malformed');
        if (!isPlain) {
            this.destroy();
            return;
        }
        this.#deadline.start(LINGER_TIME);
        this.#raw.off('end', this.#onEnd);
        replyInPlain(this.#raw);
    };
    #secure(first) {
        this.#raw.pause().off('end', this.#onEnd).unshift(first);
        const socket = new TLSSocket(this.#raw, {
            isServer: true,
            secureContext: this.#certificates.first,
            ALPNProtocols: PROTOCOLS,
            SNICallback: (name, done) => this.#choose(name, done),
        });
        socket.on('error', this.#onError).once('secure', () => this.#finish(socket));
    }
    /** Called by OpenSSL, which must not get an exception. */
    #choose(name, done) {
        try {
            done(null, this.#certificates.find(name));
        }
        catch {
            done(new Error('the certificate cannot be used'));
        }
    }
    #finish(socket) {
        this.#isOver = true;
        this.#raw.off('close', this.#onClose);
        socket.off('error', this.#onError);
        // A record that cannot be read, such as an alert.
        socket.on('_tlsError', () => socket.destroy());
        this.#events.onSecure(this, socket);
    }
    #fail(cause) {
        if (this.#isOver)
            return;
        this.#isOver = true;
        this.#events.onFailure(cause);
    }
    #onEnd = () => {
        this.destroy();
    };
    #onError = (error) => {
        if (!this.isSilent)
            this.#fail(findHandshakeFailure(error.code));
        this.destroy();
    };
    #onClose = () => {
        if (!this.isSilent)
            this.#fail('client_gone');
        this.#events.onClose(this);
    };
}
