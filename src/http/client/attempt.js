/** One attempt to get a response to one request. It knows its connection only while it is under way: later calls do nothing. */
import { formatRequestHead } from '../framing/head-text.js';
/** Bytes that may be written before there is a connection: a small body leaves with its head. */
const MOST_EARLY = 64 * 1024;
export class Attempt {
    request;
    handler;
    times;
    /** The head as it is sent. */
    text;
    #connection;
    #isOver = false;
    #owner;
    /** What was written before there was a connection, and how many bytes it is. */
    #early = [];
    #earlySize = 0;
    /** What `attach` wrote of it. */
    #sent = [];
    #hasEnded;
    /**
     * @param isLast whether the connection is closed behind it.
     * @throws TypeError where the request cannot be sent as what it is.
     */
    constructor(request, handler, times, isLast = false) {
        this.request = request;
        this.text = formatRequestHead(request, isLast);
        this.handler = handler;
        this.times = times;
        this.#hasEnded = request.body === 'none';
    }
    get isOver() {
        return this.#isOver;
    }
    /** Whether something of it may have reached the upstream. */
    get isConnected() {
        return this.#connection?.isOpen ?? false;
    }
    /** @returns whether more may be written at once; else `onUpstreamReady` is called when it may. */
    write(piece) {
        if (this.#isOver)
            return false;
        if (this.#connection)
            return this.#connection.write(piece);
        this.#early.push(piece);
        this.#earlySize += piece.length;
        return this.#earlySize < MOST_EARLY;
    }
    /** The body has been written. */
    end() {
        if (this.#isOver || this.#hasEnded)
            return;
        this.#hasEnded = true;
        this.#connection?.endRequest();
    }
    /** After `onData` returned false: the next piece may come. */
    resume() {
        this.#connection?.resume();
    }
    /** Ends the attempt and its connection. The handler is not called any more. */
    abort() {
        this.#isOver = true;
        const connection = this.#connection;
        this.#connection = undefined;
        connection?.abort();
    }
    /** The connection is authenticated from now on: it is used for requests of `owner` only, a client's, and closed with it. */
    reserveFor(owner) {
        this.#owner = owner;
        this.#connection?.reserveFor(owner);
    }
    /** The connection has sent the head, and takes what was written before. */
    attach(connection) {
        this.#connection = connection;
        if (this.#owner)
            connection.reserveFor(this.#owner);
        let mayWrite = this.#early.length > 0;
        this.#sent = this.#early.splice(0);
        for (const piece of this.#sent)
            mayWrite = connection.write(piece);
        if (this.#hasEnded)
            connection.endRequest();
        else if (mayWrite)
            this.handler.onUpstreamReady();
    }
    /** The connection took nothing of it: it is as before `attach`. */
    takeBack() {
        this.#connection = undefined;
        this.#early.unshift(...this.#sent);
        this.#sent = [];
    }
    /** The attempt is over: later calls do not reach the connection, which may serve another attempt by then. */
    detach() {
        this.#isOver = true;
        this.#connection = undefined;
    }
}
