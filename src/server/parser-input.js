/**
 * Which bytes of a connection node:http's parser gets, and when: the head of the next request only after the response to
 * the current one is complete (RFC 9112 section 9.3.2). Bytes that wait are bounded in size, however many requests they hold.
 *
 * Bytes are passed on in slices. llhttp parses incrementally, so input may be split at any byte: a needless split only costs
 * one more parser call.
 */
import { LINGER_TIME } from '../http/server/lingering-close.js';
/**
 * Bytes after the current request that are buffered. Below this the socket stays readable, so a disconnect is noticed at
 * once; above it the socket is paused, and a disconnect is noticed at the next write. Memory per connection: this plus one
 * read of node:net (64 KiB).
 */
const READ_AHEAD = 16 * 1024;
const CR = 13;
const LF = 10;
/** The end of every head that llhttp accepts: `\r\n\r\n`, and `\n\r\n` in HTTP/0.9. */
const BLANK_LINE = '\n\r\n';
/** In every head except those of HTTP/0.9 and RTSP, which are refused. */
const VERSION = 'HTTP/';
const NOTHING = Buffer.alloc(0);
/** Replaces node:http's listener for the data of a socket. Create it when node:http has just set up the connection. */
export class ParserInput {
    #socket;
    #parse;
    #current;
    /** Read and not parsed yet; at most `READ_AHEAD` bytes. */
    #held = NOTHING;
    /** The bytes of this read after the slice that is being parsed. */
    #unparsed = NOTHING;
    /** The socket is paused, and what was not parsed is back in its buffer. */
    #isStopped = false;
    #isReleased = false;
    /**
     * @param current returns the request of this connection that is being served.
     * @throws if node:http does not read its sockets by their data event.
     */
    constructor(socket, current) {
        const [parse, ...others] = socket.listeners('data');
        if (!parse || others.length > 0)
            throw new Error('node:http does not read this connection by its data event');
        this.#socket = socket;
        this.#parse = parse;
        this.#current = current;
        socket.off('data', parse);
        socket.on('data', this.#onData).on('resume', this.#onResume);
    }
    /** Parses the next request. Call it when a request has been served. */
    continue() {
        if (this.#isReleased)
            return;
        if (!this.#socket.writable) {
            this.#drop();
            return;
        }
        const bytes = this.#held;
        this.#held = NOTHING;
        if (bytes.length > 0)
            this.#parseNext(bytes);
        if (!this.#isStopped || !this.#isFree())
            return;
        this.#isStopped = false;
        this.#socket.resume();
    }
    /** Stops parsing. @returns the bytes that were read after the slice that is being parsed. */
    release() {
        this.#isReleased = true;
        this.#socket.off('data', this.#onData).off('resume', this.#onResume);
        const unparsed = this.#unparsed;
        this.#unparsed = NOTHING;
        this.#held = NOTHING;
        return unparsed;
    }
    #onData = (piece) => {
        const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, piece]) : piece;
        this.#held = NOTHING;
        this.#parseNext(bytes);
    };
    /** node:http also resumes a socket itself, for example at the end of a body. */
    #onResume = () => {
        if (this.#isStopped && !this.#isFree())
            this.#socket.pause();
        else
            this.#isStopped = false;
    };
    /** Parses slice by slice, until a request is complete that has not been served yet. Holds the bytes after it. */
    #parseNext(bytes) {
        let start = 0;
        while (start < bytes.length && this.#mayParse()) {
            const end = findSliceEnd(bytes, start, this.#current() !== undefined);
            this.#unparsed = bytes.subarray(end);
            this.#parse(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
            if (this.#isReleased)
                return;
            start = end;
        }
        this.#unparsed = NOTHING;
        if (start < bytes.length)
            this.#hold(bytes.subarray(start));
    }
    /** Whether no request is being served, or the body of the current one is still arriving. */
    #isFree() {
        const request = this.#current();
        return request === undefined || !request.complete;
    }
    #mayParse() {
        return this.#isFree() && !this.#socket.isPaused() && !this.#socket.destroyed;
    }
    #hold(bytes) {
        // A socket that is closed with unread bytes is reset, which cuts the response off (RFC 9112 section 9.6).
        this.#socket.destroySoon = () => startLingeringClose(this.#socket);
        if (bytes.length < READ_AHEAD && !this.#socket.isPaused()) {
            // A copy, so that the buffer of the whole read is not kept.
            this.#held = Buffer.from(bytes);
            return;
        }
        this.#isStopped = true;
        this.#socket.pause();
        this.#socket.unshift(bytes);
    }
    /** Discards what the client still sends on a connection that ends with the response just completed. */
    #drop() {
        this.release();
        this.#socket.resume();
    }
}
/** Ends a socket that is not parsed any more, and waits up to a second for the client to end it, too. */
function startLingeringClose(socket) {
    const timer = setTimeout(() => socket.destroy(), LINGER_TIME);
    socket.once('close', () => clearTimeout(timer)).once('end', () => socket.destroy());
    socket.resume().end();
}
/**
 * @returns the index after the first blank line from `start`, so that a slice completes at most one head; else the end of
 *   `bytes`. CR and LF at `start` may complete a blank line of the previous slice. Within a body, where any bytes can look
 *   like a blank line, one counts only after `HTTP/`.
 */
function findSliceEnd(bytes, start, isInBody) {
    let end = start;
    while (bytes[end] === CR || bytes[end] === LF)
        end += 1;
    if (end > start && !isInBody)
        return end;
    const searchFrom = isInBody ? bytes.indexOf(VERSION, start, 'latin1') : start;
    const blankLine = searchFrom === -1 ? -1 : bytes.indexOf(BLANK_LINE, searchFrom, 'latin1');
    return blankLine === -1 ? bytes.length : blankLine + BLANK_LINE.length;
}
