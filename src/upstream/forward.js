/** One granted request over HTTP: streamed in both directions with back-pressure, cancelled from either side. */
import { mayRepeat } from '../http/client/pool.js';
import { authenticatesConnection } from './authenticated-connection.js';
import { isWorthAnother, Tries } from './endpoints/tries.js';
import { INCOMPLETE_RESPONSE, UNHEALTHY } from './failure.js';
import { ResponseHandler } from './response-handler.js';
/**
 * Sends a request with the body of `request`, and writes the upstream's response to it. Another endpoint gets it where nothing
 * was sent to the first, and where the first ended the connection without a response to what is harmless to repeat; the same
 * one, where it had just closed the kept-alive connection (RFC 9112 section 9.3.1). A request that cannot be sent as what it is
 * is a fault, since what is sent was decided here.
 */
export function forward(outgoing, request, events) {
    new Forwarding(outgoing, request, events).start();
}
class Forwarding extends ResponseHandler {
    #outgoing;
    #tries;
    #attempt;
    #received = 0;
    #hasBodyEnded = false;
    /** Once only, so that a request which ends one server does not end them all. */
    #mayRepeat;
    /** The body, as long as nothing of it can have been sent; `undefined` where it is not needed any more. */
    #unsent;
    constructor(outgoing, request, events) {
        super(request, outgoing.limits, events);
        this.#outgoing = outgoing;
        this.#tries = new Tries(outgoing.members);
        this.#mayRepeat = mayRepeat(outgoing.request);
        this.#unsent = this.#tries.hasOthers && outgoing.limits.body ? [] : undefined;
    }
    /** A request with a body takes a connection when the first piece of it is there: a slow client holds none. */
    start() {
        const { body } = this.#outgoing.limits;
        if (body)
            this.request.startBody(body.timeout);
        else
            this.#sendFirst();
    }
    onBody(piece) {
        if (this.isOver)
            return true;
        const { size } = this.#outgoing.limits.body ?? {};
        this.#received += piece.length;
        if (size !== undefined && this.#received > size) {
            this.cancel('body_too_large');
            return true;
        }
        if (!this.#attempt)
            this.#sendFirst();
        if (this.#attempt?.isConnected)
            this.#unsent = undefined;
        this.#unsent?.push(piece);
        return this.#attempt?.write(piece) ?? true;
    }
    onBodyEnd() {
        if (this.isOver)
            return;
        this.#hasBodyEnded = true;
        if (!this.#attempt)
            this.#sendFirst();
        this.#attempt?.end();
    }
    onUpstreamReady() {
        if (!this.#hasBodyEnded)
            this.request.resumeBody();
    }
    onResponse(head) {
        this.#tries.onResponse();
        super.onResponse(head);
    }
    onFailure(failure) {
        this.#tries.onFailure(failure);
        if (this.#mayTryAgain(failure) && this.#sendAgain(failure))
            return;
        if (failure.stage === 'stale')
            this.conclude(INCOMPLETE_RESPONSE);
        else
            super.onFailure(failure);
    }
    #mayTryAgain(failure) {
        if (failure.stage === 'unsent') {
            return isWorthAnother(failure) && (this.#unsent !== undefined || !this.#outgoing.limits.body);
        }
        const isEnded = failure.stage === 'stale' || failure.cause === 'reset';
        return isEnded && this.#mayRepeat && !this.hasResponse;
    }
    /** @returns `false` where no endpoint is left. */
    #sendAgain({ stage }) {
        const client = this.request.socket;
        if (!client)
            return false;
        const member = this.#tries.next(client) ?? (stage === 'stale' ? this.#tries.current : undefined);
        if (!member)
            return false;
        if (stage !== 'unsent')
            this.#mayRepeat = false;
        this.#send(member, client);
        this.#writeAgain();
        return true;
    }
    /** What was written to the connection before, of which nothing has left. */
    #writeAgain() {
        const attempt = this.#attempt;
        if (!attempt || !this.#unsent)
            return;
        let mayWrite = true;
        for (const piece of this.#unsent)
            mayWrite = attempt.write(piece);
        if (this.#hasBodyEnded)
            attempt.end();
        else if (mayWrite)
            this.request.resumeBody();
    }
    #sendFirst() {
        // It has not left yet.
        const client = this.request.socket;
        if (!client)
            return;
        const member = this.#tries.next(client);
        if (member)
            this.#send(member, client);
        else
            this.conclude(UNHEALTHY);
    }
    #send({ pool, endpoint }, client) {
        const { request, addressAt, times } = this.#outgoing;
        this.endpoint = endpoint;
        try {
            const attempt = pool.send({ ...request, ...addressAt(endpoint) }, this, times, client);
            if (authenticatesConnection(request.fields))
                attempt.reserveFor(client);
            this.#attempt = attempt;
            this.source = attempt;
        }
        catch (fault) {
            this.onFault(fault);
        }
    }
}
