/**
 * A chunked body (RFC 9112 section 7.1), read by llhttp. Chunk extensions and trailer fields are dropped (sections 7.1.1
 * and 7.1.2), and how many bytes they may have is bounded, since no body length bounds them.
 */
import { Llhttp, OK, PAUSED, PAUSED_UPGRADE, REQUEST } from './llhttp.js';
import { ParseError } from './parse-error.js';
/** The head of a message whose body is chunked, for llhttp to begin with. The real one was checked before. */
const HEAD = Buffer.from('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
/** Bytes that are no body: chunks of one byte have five for each, and more is allowed for extensions and trailers. */
const OVERHEAD = 16 * 1024;
const OVERHEAD_PER_BYTE = 8;
/**
 * @param overhead bytes of chunk lines and trailers so far. @param size bytes of the body so far.
 * @throws ParseError where there are too many of the first.
 */
export function checkOverhead(overhead, size) {
    if (overhead > OVERHEAD + OVERHEAD_PER_BYTE * size)
        throw new ParseError('too_large');
}
export class ChunkParser {
    #llhttp = new Llhttp(REQUEST);
    /** Of the pieces of the body in the last segment: start and end of each. */
    #spans = [];
    #overhead = 0;
    #size = 0;
    #isComplete = false;
    constructor() {
        this.#llhttp.execute(HEAD, this);
    }
    get isComplete() {
        return this.#isComplete;
    }
    /**
     * @returns the offset behind what belongs to the body.
     * @throws ParseError for what is no chunked body, and for more than 16 KiB of chunk lines and trailers beside eight times the body.
     */
    read(bytes, from) {
        this.#spans.length = 0;
        const input = from === 0 ? bytes : bytes.subarray(from);
        const result = this.#llhttp.execute(input, this);
        const isEnd = this.#isComplete && (result === PAUSED || result === PAUSED_UPGRADE);
        if (result !== OK && !isEnd)
            throw new ParseError('malformed');
        const length = isEnd ? this.#llhttp.position : input.length;
        this.#count(length);
        return from + length;
    }
    /** @returns the part of the body in what was read last: a view of it, unless it came in several chunks. */
    piece(bytes, from) {
        const spans = this.#spans;
        if (spans.length === 0)
            return undefined;
        if (spans.length === 2)
            return bytes.subarray(from + (spans[0] ?? 0), from + (spans[1] ?? 0));
        const pieces = [];
        for (let index = 0; index < spans.length; index += 2) {
            pieces.push(bytes.subarray(from + (spans[index] ?? 0), from + (spans[index + 1] ?? 0)));
        }
        return Buffer.concat(pieces);
    }
    /** Must be called when the body is complete, or not read any more. */
    close() {
        this.#llhttp.free();
    }
    #count(length) {
        let size = 0;
        for (let index = 0; index < this.#spans.length; index += 2) {
            size += (this.#spans[index + 1] ?? 0) - (this.#spans[index] ?? 0);
        }
        this.#size += size;
        this.#overhead += length - size;
        checkOverhead(this.#overhead, this.#size);
    }
    onHead() {
        return OK;
    }
    onBody(start, end) {
        this.#spans.push(start, end);
    }
    onComplete() {
        this.#isComplete = true;
        return PAUSED;
    }
    onTarget() {
        // That of the head above.
    }
    onField() {
        // A trailer field.
    }
    onValue() {
        // Of a trailer field.
    }
}
