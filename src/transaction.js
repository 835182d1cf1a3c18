/** The state of one request. Each step sets its result here; all of it is recorded when nothing of the request is left. */
import { valuesOf } from './http/header-list.js';
import { isAuthority } from './route/authority.js';
import { toLoggablePath } from './route/loggable-path.js';
import { isTrustedPeer } from './upstream/client-info/client-info.js';
import { REQUEST_ID_FIELD, readRequestId } from './upstream/client-info/request-id.js';
/** Logged where the client closed before a response was sent. The code is nginx's, since none is registered. */
const CLIENT_CLOSED_REQUEST = 499;
/** Handles the events of its request, until it is forwarded and then handled by what forwards it. */
export class Transaction {
    requestId;
    /** Names and values that every response gets, of ours or of the upstream. They replace what the upstream sends under these names. */
    responseFields;
    request;
    #events;
    #startedAt = performance.now();
    head;
    match;
    decision;
    /** Whether it asks for a WebSocket. */
    isHandshake = false;
    /** Whether it counts for `limits.in_flight`. */
    isInFlight = false;
    /** Why it was refused, by the decision or by another step. */
    refusedFor;
    failure;
    #upstreamMs;
    #upstream;
    #isUpgraded = false;
    /** A step is under way that the end of the request does not end. */
    #isWaiting = false;
    #end;
    /** @param trusted whose X-Request-Id is continued. */
    constructor(request, events, trusted) {
        this.request = request;
        this.#events = events;
        const isTrusted = isTrustedPeer(trusted, request.peer);
        this.requestId = readRequestId(isTrusted, request.head.fields);
        this.responseFields = [REQUEST_ID_FIELD, this.requestId];
        request.handler = this;
    }
    /** Goes on with `next` when `step` has settled. A client that leaves meanwhile is still decided on, and recorded. */
    wait(step, next) {
        this.#isWaiting = true;
        step
            .then(next)
            .catch((fault) => this.onFault(fault))
            .then(() => {
            this.#isWaiting = false;
            if (this.#end)
                this.#events.onFinished(this, this.#end);
        });
    }
    /** Writes a reply of our own, or resets the connection where another response has begun. */
    reply({ status, protocol, headers, body }) {
        const fields = [...headers, ...this.responseFields];
        this.request.respond({ status, reason: '', fields, offered: protocol }, Buffer.from(body));
    }
    /** No body is read before the request is forwarded. */
    onBody() {
        return true;
    }
    onBodyEnd() {
        // As for `onBody`.
    }
    onBodyError() {
        // As for `onBody`.
    }
    onClientReady() {
        // A reply of our own is written at once.
    }
    onForwarded(end, responseMs, endpoint) {
        this.#upstreamMs = responseMs;
        this.#upstream = endpoint?.label;
        this.#events.onForwarded(this, end);
    }
    onUpgraded(tunnel, responseMs, endpoint) {
        this.#upstreamMs = responseMs;
        this.#upstream = endpoint?.label;
        this.#isUpgraded = true;
        this.#events.onUpgraded(this, tunnel);
    }
    onFault(fault) {
        this.#events.onFault(this, fault);
    }
    onClose(end) {
        this.#end = end;
        if (!this.#isWaiting)
            this.#events.onFinished(this, end);
    }
    /** @returns the record of the request. Call it once, when no step is left. */
    finish() {
        return {
            requestId: this.requestId,
            route: this.match?.route,
            method: this.request.head.method,
            host: this.#host(),
            path: this.#path(),
            status: this.#isUpgraded ? 101 : (this.request.status ?? CLIENT_CLOSED_REQUEST),
            outcome: this.#outcome(),
            denial: this.#denial(),
            failure: this.failure,
            upstream: this.#upstream,
            verified: this.decision?.verified,
            scopes: this.decision?.scopes,
            durationMs: performance.now() - this.#startedAt,
            upstreamMs: this.#upstreamMs,
        };
    }
    #host() {
        if (this.head)
            return this.head.authority ?? '';
        const [host = ''] = valuesOf(this.request.head.fields, 'host');
        return isAuthority(host) ? host : '';
    }
    /** The canonical path, as forwarded. Where it is `ambiguous_path`, the path as sent, masked by `toLoggablePath`. */
    #path() {
        const { head, match } = this;
        if (!head?.path.ok)
            return toLoggablePath(head?.sentPath ?? this.request.head.target);
        if (head.path.contested.length === 0)
            return head.path.text;
        return toLoggablePath(match && !match.isAmbiguous ? head.path.text : head.sentPath);
    }
    #outcome() {
        if (this.refusedFor)
            return 'denied';
        if (this.failure)
            return 'failed';
        return this.decision?.denial ? 'reported' : 'forwarded';
    }
    /** A refusal after the decision, as for a fault, is recorded with its own reason instead. */
    #denial() {
        const decided = this.decision?.denial;
        if (this.refusedFor && this.refusedFor !== decided?.reason)
            return { reason: this.refusedFor };
        return decided;
    }
}
