/**
 * A chunked body of an old server (RFC 9112 section 7.1), whose lines may end with a bare LF, with blanks behind a chunk size.
 * llhttp reads the one only in part, so these few lines are read here. Everything else is as strict as usual.
 */
import { checkOverhead } from '../../parsing/chunk-parser.js';
import { ParseError } from '../../parsing/parse-error.js';
const SIZE_LINE = /^([0-9A-Fa-f]{1,13})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const TRAILER_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;
const LF = 10;
export class LenientChunks {
    #state = 'size';
    /** What has come of a line. */
    #line = '';
    /** Of the chunk under way. */
    #remaining = 0;
    #size = 0;
    #overhead = 0;
    #pieces = [];
    get isComplete() {
        return this.#state === 'complete';
    }
    read(bytes, from) {
        this.#pieces = [];
        let at = from;
        while (at < bytes.length && !this.isComplete) {
            at = this.#state === 'data' ? this.#readData(bytes, at) : this.#readLine(bytes, at);
        }
        return at;
    }
    piece() {
        return this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : this.#pieces[0];
    }
    close() {
        this.#pieces = [];
        this.#line = '';
    }
    #readData(bytes, from) {
        const end = Math.min(bytes.length, from + this.#remaining);
        this.#pieces.push(bytes.subarray(from, end));
        this.#size += end - from;
        this.#remaining -= end - from;
        if (this.#remaining === 0)
            this.#state = 'data end';
        return end;
    }
    #readLine(bytes, from) {
        const found = bytes.indexOf(LF, from);
        const end = found === -1 ? bytes.length : found + 1;
        this.#overhead += end - from;
        checkOverhead(this.#overhead, this.#size);
        this.#line += bytes.toString('latin1', from, end);
        if (found === -1)
            return end;
        const line = this.#line.replace(/\r?\n$/, '');
        this.#line = '';
        this.#onLine(line);
        return end;
    }
    #onLine(line) {
        if (this.#state === 'size')
            this.#onSize(line);
        else if (this.#state === 'data end' && line === '')
            this.#state = 'size';
        else if (this.#state === 'trailer' && line === '')
            this.#state = 'complete';
        else if (this.#state !== 'trailer' || !TRAILER_LINE.test(line))
            throw new ParseError('malformed');
    }
    #onSize(line) {
        const [, digits] = SIZE_LINE.exec(line) ?? [];
        if (digits === undefined)
            throw new ParseError('malformed');
        this.#remaining = Number.parseInt(digits, 16);
        this.#state = this.#remaining === 0 ? 'trailer' : 'data';
    }
}
