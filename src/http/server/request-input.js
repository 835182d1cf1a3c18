/**
 * What is read of a client's connection. One request at a time: the bytes behind it wait unread, and once there are as many as a head may
 * have, reading stops (RFC 9112 section 9.3.2). Until then the end of the connection is seen at once.
 */
import { BodyReader } from '../framing/body-reader.js';
import { HeadParser } from '../parsing/head-parser.js';
import { REQUEST } from '../parsing/llhttp.js';
import { ParseError } from '../parsing/parse-error.js';
import { readRequestHead } from '../parsing/request-head.js';
const NOTHING = Buffer.alloc(0);
export class RequestInput {
    #socket;
    #events;
    #parser;
    #body = new BodyReader();
    #readAhead;
    #mode = 'head';
    /** What was read and not parsed, from `#at` on. */
    #bytes = NOTHING;
    #at = 0;
    #isReading = false;
    #isPaused = false;
    #isFaulty = false;
    /** Bytes that were dropped of the body. */
    #dropped = 0;
    /** @param limit bytes of a head, and of what is read ahead. */
    constructor(socket, limit, events) {
        this.#socket = socket;
        this.#events = events;
        this.#readAhead = limit;
        this.#parser = new HeadParser(REQUEST, limit);
    }
    /** Whether a part of a head has come. */
    get isInHead() {
        return this.#mode === 'head' && this.#parser.isInHead;
    }
    /** Whether what came was no request, or no body: where the next request would begin is not known. */
    get isFaulty() {
        return this.#isFaulty;
    }
    get isBodyComplete() {
        return this.#body.isComplete && !this.#isFaulty;
    }
    /** Whether the next piece of the body is waited for. */
    get isBodyWanted() {
        return this.#mode === 'body' && !this.#body.isComplete;
    }
    get dropped() {
        return this.#dropped;
    }
    receive(bytes) {
        if (this.#mode === 'closed')
            return;
        this.#bytes = this.#at === this.#bytes.length ? bytes : Buffer.concat([this.#bytes.subarray(this.#at), bytes]);
        this.#at = 0;
        this.#read();
    }
    /** Passes the body on as it arrives. */
    takeBody() {
        if (this.#mode !== 'waiting')
            return;
        this.#mode = 'body';
        this.#read();
    }
    /** Passes on no more of the body until `takeBody` is called. */
    holdBody() {
        if (this.#mode === 'body')
            this.#mode = 'waiting';
    }
    /** What has come of the body is dropped at once, without an event, and the rest of it as it comes. */
    dropBody() {
        if (this.#mode === 'closed')
            return;
        this.#mode = 'dropping';
        this.#drop();
        if (!this.#isReading)
            this.#hold();
    }
    /** The request was answered and its body is complete: the next head may be read. */
    next() {
        if (this.#mode === 'closed')
            return;
        this.#mode = 'head';
        this.#dropped = 0;
        this.#read();
    }
    /** Parses nothing more. @returns what was not parsed. */
    close() {
        const rest = this.#bytes.subarray(this.#at);
        this.#mode = 'closed';
        this.#bytes = NOTHING;
        this.#at = 0;
        this.#parser.close();
        this.#body.close();
        return rest;
    }
    #read() {
        // Called from within an event: the loop that raised it goes on.
        if (this.#isReading)
            return;
        this.#isReading = true;
        try {
            while (this.#at < this.#bytes.length && this.#readNext())
                ;
        }
        catch (error) {
            if (!(error instanceof ParseError))
                throw error;
            this.#fail();
            this.#events.onFault(error.fault);
        }
        finally {
            this.#isReading = false;
        }
        this.#hold();
    }
    /** @returns whether to go on. */
    #readNext() {
        if (this.#mode === 'head')
            return this.#readHead();
        if (this.#body.isComplete || (this.#mode !== 'body' && this.#mode !== 'dropping'))
            return false;
        if (this.#mode === 'dropping') {
            this.#drop();
            if (this.#body.isComplete)
                this.#events.onDropped();
            return true;
        }
        this.#at = this.#body.read(this.#bytes, this.#at);
        const piece = this.#body.take();
        if (piece)
            this.#events.onBody(piece);
        // The handler may have given it up.
        if (this.#body.isComplete && this.#isBody())
            this.#events.onBodyEnd();
        return true;
    }
    #drop() {
        try {
            while (this.#at < this.#bytes.length && !this.#body.isComplete) {
                this.#at = this.#body.read(this.#bytes, this.#at);
                this.#dropped += this.#body.take()?.length ?? 0;
            }
        }
        catch (error) {
            if (!(error instanceof ParseError))
                throw error;
            this.#fail();
        }
    }
    #fail() {
        this.#isFaulty = true;
        this.close();
    }
    #readHead() {
        const end = this.#parser.read(this.#bytes, this.#at);
        this.#at = end === -1 ? this.#bytes.length : end;
        if (end === -1)
            return false;
        const head = readRequestHead(this.#parser);
        this.#parser.forget();
        this.#mode = 'waiting';
        this.#body.start(head.body === 'unknown' ? 'chunked' : head.body === 'none' ? 0 : head.body);
        this.#events.onHead(head);
        return true;
    }
    /** Apart, since an event may have changed it. */
    #isBody() {
        return this.#mode === 'body' || this.#mode === 'waiting';
    }
    #hold() {
        const rest = this.#bytes.length - this.#at;
        if (rest === 0)
            this.#bytes = NOTHING;
        // Not the whole piece that it is a part of, which may be much larger.
        else if (this.#at > 0 && rest < this.#readAhead)
            this.#bytes = Buffer.from(this.#bytes.subarray(this.#at));
        else
            this.#bytes = this.#bytes.subarray(this.#at);
        this.#at = 0;
        if (rest >= this.#readAhead)
            this.#pause();
        else
            this.#resume();
    }
    #pause() {
        if (this.#isPaused)
            return;
        this.#isPaused = true;
        this.#socket.pause();
    }
    #resume() {
        if (!this.#isPaused)
            return;
        this.#isPaused = false;
        this.#socket.resume();
    }
}
