/**
 * The response to one request, from the upstream to the client (RFC 9112 sections 6 to 8), and the client's side of it. How the
 * request gets to the upstream is said by what extends it.
 */
import { authenticatesConnection } from './authenticated-connection.js';
import { readFailure } from './failure.js';
import { createHints, createResponseHeaders, isEventStream } from './response-headers.js';
import { startTimer } from './timer.js';
/** Milliseconds for a client to read the end of an event stream. */
const LAST_READ_TIME = 1_000;
export class ResponseHandler {
    request;
    events;
    /** To be set when the request is sent. */
    source;
    /** To be set likewise: where the response comes from. */
    endpoint;
    #limits;
    #startedAt = performance.now();
    #responseMs;
    #isOver = false;
    #expiry;
    constructor(request, limits, events) {
        this.request = request;
        this.events = events;
        this.#limits = limits;
        request.handler = this;
        // Where the request ends with its token whatever its response is, the time counts from now: an upload may come first.
        if (limits.expiry?.ends)
            this.startExpiry(limits.expiry.at);
    }
    get isOver() {
        return this.#isOver;
    }
    get hasResponse() {
        return this.#responseMs !== undefined;
    }
    get elapsed() {
        return performance.now() - this.#startedAt;
    }
    /** RFC 9110 section 15.2. All but Early Hints (RFC 8297) are for this hop, or say nothing that a client needs. */
    onInterim(status, fields) {
        this.#reserveConnection(fields);
        const hints = status === 103 ? createHints(fields, this.#limits.edits, this.endpoint) : [];
        if (hints.length > 0)
            this.request.interim(status, hints);
    }
    onResponse({ status, reason, fields, body }) {
        this.#reserveConnection(fields);
        this.#responseMs = this.elapsed;
        this.#watchExpiry(fields);
        this.request.start({ status, reason, fields: this.createResponseHeaders(fields), body });
    }
    onData(piece) {
        return this.request.write(piece);
    }
    onEnd() {
        this.conclude('complete');
        this.request.end();
    }
    onFailure(failure) {
        this.conclude(readFailure(failure));
    }
    /** Not without a protocol that was asked for. */
    onSwitch() {
        throw new Error('the upstream switched the protocol');
    }
    onBodyError(reason) {
        this.cancel(reason);
    }
    onClientReady() {
        this.source?.resume();
    }
    onClose(end) {
        this.cancel('client_gone');
        this.events.onClose(end);
    }
    /** One of these calls has thrown. */
    onFault(fault) {
        this.stop();
        this.source?.abort();
        this.events.onFault(fault);
    }
    /** Ends it from the client's side, or with the token. */
    cancel(why) {
        if (this.#isOver)
            return;
        this.source?.abort();
        this.conclude(why);
    }
    conclude(end) {
        if (this.#isOver)
            return;
        this.stop();
        this.events.onForwarded(end, this.#responseMs, this.endpoint);
    }
    /** Its end needs no further call of `events`. */
    stop() {
        this.#isOver = true;
        this.#expiry?.stop();
    }
    /** @returns the fields that the client gets of those of the upstream. */
    createResponseHeaders(fields) {
        const { added, edits } = this.#limits;
        return createResponseHeaders(fields, added, edits, this.endpoint);
    }
    #reserveConnection(fields) {
        const client = this.request.socket;
        if (client && authenticatesConnection(fields))
            this.source?.reserveFor(client);
    }
    #watchExpiry(fields) {
        const { expiry } = this.#limits;
        if (!expiry)
            return;
        this.#expiry?.stop();
        const isEvents = isEventStream(fields);
        if (expiry.ends ?? isEvents)
            this.startExpiry(expiry.at, isEvents);
    }
    /** From now on the request ends with its token, until there is a response that does not. */
    startExpiry(at, isEvents = false) {
        this.#expiry?.stop();
        this.#expiry = startTimer(at, () => this.#expire(isEvents));
    }
    /** Ends both directions. An event stream may end at any time; every other body must not look complete. */
    #expire(isEvents) {
        const hasBegun = this.request.status !== undefined;
        this.cancel('expired');
        if (!hasBegun)
            return;
        if (isEvents)
            this.request.end(LAST_READ_TIME);
        else
            this.request.abort();
    }
}
