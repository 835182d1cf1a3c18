/**
 * Opens sockets to one upstream. Names are looked up for each new connection, and several addresses are tried in turn (RFC 8305),
 * which node:net does by itself.
 */
import { connect as connectTcp, isIP } from 'node:net';
import { checkServerIdentity, connect as connectTls, } from 'node:tls';
/** Milliseconds for one of several addresses, before the next one is tried. */
const ATTEMPT_TIME = 500;
/** @returns what opens a connection to `target`. A certificate that does not verify fails it; nothing turns that off. */
export function createConnector({ host, port = 0, isUnix = false, tls }) {
    // The connection sees to its end itself: node:net would end the other direction before a reset can be told from it.
    const place = isUnix
        ? { path: host, allowHalfOpen: true }
        : { host, port, allowHalfOpen: true, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ATTEMPT_TIME };
    if (!tls)
        return () => ({ socket: connectTcp(place), readyEvent: 'connect' });
    const name = tls.serverName ?? host;
    const options = {
        ...place,
        // A name is sent, an IP address is not (RFC 6066 section 3); both are verified.
        servername: isIP(name) ? '' : name,
        checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: true,
        ...(tls.context && { secureContext: tls.context }),
    };
    const sessions = new SessionCache();
    return () => ({ socket: sessions.watch(connectTls(sessions.resume(options))), readyEvent: 'secureConnect' });
}
/** Milliseconds for which a session is resumed: so often, at least, the certificate is verified anew. */
const SESSION_AGE = 600_000;
/**
 * The latest session of one upstream. Resuming it (RFC 8446 section 2.2) saves the certificate and its verification, so only
 * that of a connection whose certificate was verified for the same name, under the same authorities, is kept.
 */
class SessionCache {
    #session;
    #verifiedAt = 0;
    /** @returns `options` with the session, where there is one. */
    resume(options) {
        const isOld = performance.now() - this.#verifiedAt > SESSION_AGE;
        return this.#session === undefined || isOld ? options : { ...options, session: this.#session };
    }
    /** Before TLS 1.3 the session comes before the certificate is verified. */
    watch(socket) {
        let early;
        const keep = (session) => {
            if (!socket.isSessionReused())
                this.#verifiedAt = performance.now();
            this.#session = session;
        };
        socket.on('session', session => {
            if (socket.authorized)
                keep(session);
            else
                early = session;
        });
        socket.once('secureConnect', () => early && keep(early));
        return socket.once('error', () => {
            this.#session = undefined;
        });
    }
}
