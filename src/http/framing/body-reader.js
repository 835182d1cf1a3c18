/** Reads the bodies of one connection, one after the other (RFC 9112 section 6.3). */
import { ChunkParser } from '../parsing/chunk-parser.js';
export class BodyReader {
    #createChunks;
    #piece;
    #remaining = 0;
    #chunks;
    #isComplete = true;
    /** @param createChunks makes the parser of a chunked body: by default the strict one, also of responses. */
    constructor(createChunks = () => new ChunkParser()) {
        this.#createChunks = createChunks;
    }
    get isComplete() {
        return this.#isComplete;
    }
    /** Begins with the body of the next message. */
    start(framing) {
        this.close();
        this.#remaining = framing === 'close' ? Number.POSITIVE_INFINITY : 0;
        if (framing === 'chunked')
            this.#chunks = this.#createChunks();
        else if (framing !== 'close')
            this.#remaining = framing;
        this.#isComplete = framing === 0;
    }
    /**
     * Reads what belongs to the body; `take` gives the bytes of it.
     *
     * @returns the offset behind it.
     * @throws ParseError where it is malformed.
     */
    read(bytes, from) {
        return this.#chunks ? this.#readChunks(this.#chunks, bytes, from) : this.#readBytes(bytes, from);
    }
    /** @returns the body's bytes in what was read last. They are not kept, since they hold all that came with them. */
    take() {
        const piece = this.#piece;
        this.#piece = undefined;
        return piece;
    }
    /** The connection has ended. @returns whether that is the end of the body, too (RFC 9112 section 8). */
    end() {
        if (this.#remaining === Number.POSITIVE_INFINITY)
            this.#isComplete = true;
        return this.#isComplete;
    }
    /** Gives up the body. */
    close() {
        this.#chunks?.close();
        this.#chunks = undefined;
        this.#piece = undefined;
        this.#remaining = 0;
        this.#isComplete = true;
    }
    #readBytes(bytes, from) {
        const end = Math.min(bytes.length, from + this.#remaining);
        this.#piece = end > from ? viewOf(bytes, from, end) : undefined;
        this.#remaining -= end - from;
        this.#isComplete = this.#remaining === 0;
        return end;
    }
    #readChunks(chunks, bytes, from) {
        const end = chunks.read(bytes, from);
        this.#piece = chunks.piece(bytes, from);
        this.#isComplete = chunks.isComplete;
        if (this.#isComplete) {
            chunks.close();
            this.#chunks = undefined;
        }
        return end;
    }
}
function viewOf(bytes, from, to) {
    return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}
