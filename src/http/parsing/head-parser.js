/**
 * Cuts heads out of a stream of bytes (RFC 9112 sections 2.1 and 2.2). A head ends with the first CRLF CRLF; llhttp must find
 * its end at that very byte. Nothing behind it is given to llhttp, so one message at a time is read, whatever was sent.
 */
import { Llhttp, OK, PAUSED, PAUSED_UPGRADE, REQUEST, RESPONSE, SKIP_BODY } from './llhttp.js';
import { ParseError } from './parse-error.js';
const END = Buffer.from('\r\n\r\n');
const CR = 13;
const LF = 10;
const NOTHING = Buffer.alloc(0);
/** For heads that come in one piece, which is nearly all of them. They leave nothing behind. */
const shared = { [REQUEST]: new Llhttp(REQUEST), [RESPONSE]: new Llhttp(RESPONSE) };
export class HeadParser {
    /** The head that was found, one character for each byte. */
    text = '';
    /** What llhttp has read, as offsets in `text`: of the target, and of each field its name and its value. */
    targetStart = 0;
    targetEnd = 0;
    spans = [];
    major = 0;
    minor = 0;
    status = 0;
    #type;
    #limit;
    /** Offset in the head of the bytes that llhttp is given. */
    #base = 0;
    #isHeadRead = false;
    #isInValue = false;
    /** Of a head that has not all come: its bytes, how many of `#gathered` they are, and the parser that has read them. */
    #gathered = NOTHING;
    #length = 0;
    #own;
    /** Of the empty lines before it, which count towards the limit. */
    #skipped = 0;
    #isInEmptyLine = false;
    /** @param limit bytes of a head, the empty lines before it included. */
    constructor(type, limit) {
        this.#type = type;
        this.#limit = limit;
    }
    /** Whether a part of a head has come; empty lines before it are none. */
    get isInHead() {
        return this.#length > 0;
    }
    /**
     * @returns the offset behind the head, or -1: all bytes were taken, and its end is still to come.
     * @throws ParseError for what is no head, as early as llhttp detects it, and for one that is too large.
     */
    read(bytes, from) {
        const at = this.#length === 0 && this.#type === REQUEST ? this.#skipEmptyLines(bytes, from) : from;
        if (this.#length > 0)
            return this.#continue(bytes, at);
        const end = bytes.indexOf(END, at);
        if (end === -1)
            return this.#begin(bytes, at);
        this.#checkSize(end + END.length - at);
        this.#execute(shared[this.#type], bytes, at, end + END.length, 0);
        this.#finish(bytes.toString('latin1', at, end + END.length));
        return end + END.length;
    }
    /** The head was read from `text`, which is as long as all of it. */
    forget() {
        this.text = '';
        this.spans.length = 0;
    }
    /** Gives up the head that was begun. To be called when the connection ends. */
    close() {
        this.#own?.free();
        this.#own = undefined;
        this.#gathered = NOTHING;
        this.#length = 0;
        this.#skipped = 0;
        this.#isInEmptyLine = false;
    }
    /** A server ignores empty lines before a request line (RFC 9112 section 2.2); a client knows nothing of the kind. */
    #skipEmptyLines(bytes, from) {
        let at = from;
        if (this.#isInEmptyLine && at < bytes.length) {
            if (bytes[at] !== LF)
                throw new ParseError('malformed');
            this.#isInEmptyLine = false;
            at += 1;
        }
        while (bytes[at] === CR && bytes[at + 1] === LF)
            at += 2;
        if (bytes[at] === CR && at + 1 === bytes.length) {
            this.#isInEmptyLine = true;
            at += 1;
        }
        this.#skipped += at - from;
        return at;
    }
    #begin(bytes, at) {
        if (at < bytes.length)
            this.#gather(bytes, at, bytes.length);
        else
            this.#checkSize(0);
        return -1;
    }
    #continue(bytes, at) {
        const end = this.#findEnd(bytes, at);
        if (end === undefined) {
            this.#gather(bytes, at, bytes.length);
            return -1;
        }
        this.#gather(bytes, at, end);
        this.#finish(this.#gathered.toString('latin1', 0, this.#length));
        this.close();
        return end;
    }
    /** The end may be cut, too. */
    #findEnd(bytes, at) {
        const known = this.#gathered.subarray(Math.max(0, this.#length - (END.length - 1)), this.#length);
        const joint = Buffer.concat([known, bytes.subarray(at, at + END.length - 1)]).indexOf(END);
        if (joint !== -1)
            return at + joint - known.length + END.length;
        const found = bytes.indexOf(END, at);
        return found === -1 ? undefined : found + END.length;
    }
    #gather(bytes, from, to) {
        const length = this.#length + to - from;
        this.#checkSize(length);
        if (length > this.#gathered.length) {
            const larger = Buffer.allocUnsafe(Math.min(2 * length, this.#limit));
            this.#gathered.copy(larger, 0, 0, this.#length);
            this.#gathered = larger;
        }
        bytes.copy(this.#gathered, this.#length, from, to);
        this.#own ??= new Llhttp(this.#type);
        const before = this.#length;
        this.#length = length;
        this.#execute(this.#own, bytes, from, to, before);
    }
    #checkSize(length) {
        if (this.#skipped + length > this.#limit)
            throw new ParseError('too_large');
    }
    #execute(parser, bytes, from, to, base) {
        if (base === 0)
            this.#reset(parser);
        this.#base = base;
        const isWhole = from === 0 && to === bytes.length;
        const result = parser.execute(isWhole ? bytes : bytes.subarray(from, to), this);
        const isPaused = result === PAUSED || result === PAUSED_UPGRADE;
        // A head that is over before its CRLF CRLF is one of HTTP/0.9.
        if (result === OK || (isPaused && this.#isHeadRead && parser.position === to - from))
            return;
        throw new ParseError(hasOtherVersion(this.#textUntil(bytes, from, to)) ? 'version' : 'malformed');
    }
    #reset(parser) {
        parser.reset();
        this.spans.length = 0;
        this.targetEnd = 0;
        this.#isHeadRead = false;
        this.#isInValue = true;
    }
    #textUntil(bytes, from, to) {
        return this.#length > 0 ? this.#gathered.toString('latin1', 0, this.#length) : bytes.toString('latin1', from, to);
    }
    #finish(text) {
        this.text = text;
        this.#skipped = 0;
        if (this.#isHeadRead && this.spans.length % 4 === 0)
            return;
        throw new ParseError(hasOtherVersion(text) ? 'version' : 'malformed');
    }
    onTarget(start, end) {
        if (this.targetEnd === 0)
            this.targetStart = this.#base + start;
        this.targetEnd = this.#base + end;
    }
    onField(start, end) {
        if (this.#isInValue)
            this.spans.push(this.#base + start, this.#base + end);
        else
            this.spans[this.spans.length - 1] = this.#base + end;
        this.#isInValue = false;
    }
    onValue(start, end) {
        if (!this.#isInValue)
            this.spans.push(this.#base + start, this.#base + end);
        else
            this.spans[this.spans.length - 1] = this.#base + end;
        this.#isInValue = true;
    }
    onHead(major, minor, status) {
        this.#isHeadRead = true;
        this.major = major;
        this.minor = minor;
        this.status = status;
        return SKIP_BODY;
    }
    onBody() {
        // There is none, as far as llhttp knows.
    }
    onComplete() {
        return PAUSED;
    }
}
const VERSION = /^[^\0-\x20\x7f-\xff]+ [^\0-\x20\x7f-\xff]+ HTTP\/(\d)\.(\d)\r\n/;
/** @returns whether a request line is one of HTTP, and neither of 1.0 nor of 1.1 (RFC 9110 section 15.6.6). */
export function hasOtherVersion(text) {
    const [, major, minor] = VERSION.exec(text) ?? [];
    return major !== undefined && !(major === '1' && (minor === '0' || minor === '1'));
}
