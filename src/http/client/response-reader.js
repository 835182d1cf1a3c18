/** Reads the responses of one connection, one after the other, and what comes before each (RFC 9110 section 15.2). */
import { BodyReader } from '../framing/body-reader.js';
import { HeadParser } from '../parsing/head-parser.js';
import { RESPONSE } from '../parsing/llhttp.js';
import { ParseError } from '../parsing/parse-error.js';
import { readResponseHead } from '../parsing/response-head.js';
import { LenientChunks } from './lenient/chunks.js';
import { LenientHeads } from './lenient/response-head.js';
/** Each restarts the clock of the response: a flood of them would hold the connection for ever. */
const INTERIM_RESPONSES = 16;
class StrictHeads {
    parser;
    constructor(limit) {
        this.parser = new HeadParser(RESPONSE, limit);
    }
    read(bytes, from) {
        return this.parser.read(bytes, from);
    }
    close() {
        this.parser.close();
    }
}
export class ResponseReader {
    #events;
    #heads;
    #body;
    #head;
    #isHead = false;
    #protocol;
    #isExpected = false;
    #interim = 0;
    /**
     * @param limit bytes of a head.
     * @param lenient whether malformed responses of old servers are read: see lenient/.
     */
    constructor(limit, events, lenient = false) {
        this.#events = events;
        this.#heads = lenient ? new LenientHeads(limit) : new StrictHeads(limit);
        this.#body = new BodyReader(lenient ? () => new LenientChunks() : undefined);
    }
    /** Of the final response under way. */
    get head() {
        return this.#head;
    }
    /** Whether that of the final response has come. */
    get hasHead() {
        return this.#head !== undefined;
    }
    get isComplete() {
        return this.#body.isComplete;
    }
    /** A request with this method was sent, with `protocol` in its Upgrade field. */
    expect(method, protocol) {
        this.#protocol = protocol?.toLowerCase();
        this.#isExpected = true;
        this.#isHead = method === 'HEAD';
        this.#head = undefined;
        this.#interim = 0;
    }
    /** No response is expected any more: events stop, also within `read`. */
    stop() {
        this.#isExpected = false;
        this.#head = undefined;
    }
    /** @throws ParseError for what is no response. */
    read(bytes) {
        let at = 0;
        while (this.#isExpected && !this.#head && at < bytes.length) {
            at = this.#heads.read(bytes, at);
            if (at === -1)
                return;
            const head = readResponseHead(this.#heads.parser, this.#isHead);
            this.#heads.parser.forget();
            this.#onHead(head, bytes, at);
        }
        if (this.#isExpected && this.#head)
            this.#readBody(bytes, at);
    }
    /** The connection has ended. @returns whether that was the end of the response, too. */
    end() {
        const isEnd = this.#isExpected && this.#head !== undefined && this.#body.end();
        if (isEnd)
            this.#events.onComplete(true);
        return isEnd;
    }
    close() {
        this.stop();
        this.#heads.close();
        this.#body.close();
    }
    #onHead(head, bytes, at) {
        if (head.status === 101)
            this.#onSwitch(head, bytes.subarray(at));
        else if (head.status < 200)
            this.#onInterim(head);
        else {
            this.#head = head;
            this.#body.start(head.framing);
            this.#events.onHead(head);
        }
    }
    #onSwitch(head, rest) {
        const isAsked = this.#protocol !== undefined && head.protocol?.toLowerCase() === this.#protocol;
        if (!isAsked)
            throw new ParseError('malformed');
        this.#events.onSwitch(head, rest);
    }
    #onInterim(head) {
        this.#interim += 1;
        if (this.#interim > INTERIM_RESPONSES)
            throw new ParseError('malformed');
        this.#events.onInterim(head);
    }
    #readBody(bytes, from) {
        let at = from;
        if (!this.#body.isComplete && from < bytes.length) {
            at = this.#body.read(bytes, from);
            const piece = this.#body.take();
            if (piece)
                this.#events.onPiece(piece);
        }
        if (this.#isExpected && this.#body.isComplete)
            this.#events.onComplete(at === bytes.length);
    }
}
