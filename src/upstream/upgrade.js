/** One granted WebSocket (RFC 6455 section 4, RFC 9110 section 7.8): its handshake, up to the tunnel or another response. */
import { NO_FIELDS } from '../http/header-list.js';
import { readBodyLength } from '../http/parsing/response-head.js';
import { isWorthAnother, Tries } from './endpoints/tries.js';
import { MALFORMED_RESPONSE, RESPONSE_TIMEOUT, readFailure, UNHEALTHY } from './failure.js';
import { startHandshake } from './handshake.js';
import { describeHandshakeError } from './handshake-failure.js';
import { isHandshakeResponse } from './handshake-response.js';
import { ResponseHandler } from './response-handler.js';
import { Tunnel } from './tunnel.js';
const SILENT = Object.assign(new Error('the upstream is silent'), { code: 'ETIMEDOUT' });
/**
 * Sends the handshake. One that is pending when the token expires ends then, like the tunnel. Any other response than an upgrade,
 * usually a refusal, is forwarded like the response to any other request.
 */
export function upgrade(outgoing, request, events) {
    new Upgrade(outgoing, request, events).start();
}
class Upgrade extends ResponseHandler {
    #outgoing;
    #events;
    #tries;
    /** The one under way; what is heard of those before is ignored. */
    #handshake;
    #outgoingFields = NO_FIELDS;
    #clock;
    #stage = 'connecting';
    /** One that is no upgrade. */
    #response;
    constructor(outgoing, request, events) {
        super(request, outgoing.limits, events);
        this.#outgoing = outgoing;
        this.#events = events;
        this.#tries = new Tries(outgoing.members);
        const abort = () => void this.#handshake?.request.destroy();
        this.source = { resume: () => this.#response?.resume(), abort, reserveFor: () => undefined };
    }
    start() {
        const { expiry } = this.#outgoing.limits;
        if (expiry)
            this.startExpiry(expiry.at);
        this.#run(() => this.#sendToNext(UNHEALTHY));
    }
    /** @param failure how it ends where no endpoint is left. */
    #sendToNext(failure) {
        const { socket } = this.request;
        const member = socket && this.#tries.next(socket);
        if (member)
            this.#send(member, socket);
        else
            this.conclude(failure);
    }
    #send(member, client) {
        const outgoing = this.#outgoing.handshakeWith(member);
        const handshake = startHandshake(outgoing, client);
        this.endpoint = member.endpoint;
        this.#handshake = handshake;
        this.#outgoingFields = outgoing.headers;
        this.#stage = 'connecting';
        this.#startClock(this.#outgoing.timeouts.connect, () => this.#onConnectTimeout());
        const run = (event) => this.#handshake === handshake && this.#run(event);
        handshake.request
            .once('socket', socket => run(() => this.#watchConnection(socket)))
            .on('error', error => run(() => this.#onError(error)))
            .once('response', response => run(() => this.#forwardRefusal(response)))
            .once('upgrade', (response, upstream, received) => run(() => this.#onUpgrade(response, upstream, received)));
    }
    onBody() {
        return true;
    }
    onBodyEnd() {
        // It has none.
    }
    onUpstreamReady() {
        // Nothing but the head is sent.
    }
    onClose(end) {
        if (end !== 'detached')
            super.onClose(end);
    }
    conclude(end) {
        clearTimeout(this.#clock);
        super.conclude(end);
    }
    #watchConnection(socket) {
        const isSecure = this.endpoint?.origin.startsWith('https:');
        socket.once('connect', () => {
            this.#stage = 'securing';
        });
        socket.once(isSecure ? 'secureConnect' : 'connect', () => {
            this.#stage = 'open';
            this.#startClock(this.#outgoing.timeouts.response, () => this.cancel(RESPONSE_TIMEOUT));
        });
    }
    #startClock(milliseconds, onEnd) {
        clearTimeout(this.#clock);
        if (!this.isOver)
            this.#clock = setTimeout(onEnd, milliseconds).unref();
    }
    #onConnectTimeout() {
        const late = this.#handshake;
        this.#handshake = undefined;
        late?.request.destroy();
        this.#run(() => this.onFailure({ cause: 'connect_timeout', stage: 'unsent', code: undefined }));
    }
    /** A handshake of which nothing was sent goes to another endpoint. */
    onFailure(failure) {
        clearTimeout(this.#clock);
        this.#tries.onFailure(failure);
        if (isWorthAnother(failure) && !this.isOver)
            this.#sendToNext(readFailure(failure));
        else
            super.onFailure(failure);
    }
    #onUpgrade(response, upstream, received) {
        // The client may have left just now.
        if (this.isOver || !isHandshakeResponse(response, this.#outgoingFields)) {
            upstream.destroy();
            this.cancel(MALFORMED_RESPONSE);
            return;
        }
        clearTimeout(this.#clock);
        this.stop();
        const responseMs = this.elapsed;
        const tunnel = this.#join(response, upstream, received);
        if (tunnel)
            this.#events.onUpgraded(tunnel, responseMs, this.endpoint);
    }
    /** From here on the client's connection is no longer HTTP. */
    #join(response, upstream, received) {
        const { timeouts, limits } = this.#outgoing;
        const client = this.request.detach();
        try {
            if (!client)
                throw new Error('the client has left');
            if (client.rest.length > 0)
                client.socket.unshift(client.rest);
            this.#handshake?.join(response, upstream, received, this.createResponseHeaders(response.rawHeaders));
            return new Tunnel(client.socket, upstream, timeouts.idle, limits.expiry?.at);
        }
        catch (fault) {
            client?.socket.destroy();
            upstream.destroy();
            this.onFault(fault);
            this.#events.onClose('aborted');
            return undefined;
        }
    }
    #forwardRefusal(response) {
        clearTimeout(this.#clock);
        this.#response = response;
        const { statusCode: status = 0, statusMessage: reason = '', rawHeaders: fields } = response;
        const body = status < 200 ? undefined : readBody(response, status);
        if (body === undefined) {
            this.cancel(MALFORMED_RESPONSE);
            return;
        }
        this.onResponse({ status, reason, fields, body });
        response.setTimeout(this.#outgoing.timeouts.idle, () => response.isPaused() || response.destroy(SILENT));
        response.on('data', piece => this.#run(() => this.onData(piece) || response.pause()));
        response.once('end', () => this.#run(() => this.onEnd()));
        response.on('error', error => this.onFailure(describeHandshakeError(error, 'open', true)));
    }
    /** If node:http cannot parse the body of a response, only the request emits the error; the response just ends. */
    #onError(error) {
        this.onFailure(describeHandshakeError(error, this.#stage, this.#response !== undefined));
        this.#response?.destroy();
    }
    #run(event) {
        try {
            event();
        }
        catch (fault) {
            this.onFault(fault);
        }
    }
}
/** @returns `undefined` where it has more than one reading. */
function readBody({ rawHeaders, httpVersionMinor }, status) {
    try {
        return readBodyLength(rawHeaders, httpVersionMinor, status);
    }
    catch {
        return undefined;
    }
}
