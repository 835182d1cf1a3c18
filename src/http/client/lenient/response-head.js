/**
 * Heads of old servers, which bend the grammar: lines that end with a bare LF (RFC 9112 section 2.2), and one Content-Length
 * twice (RFC 9110 section 8.6). A head is brought into its strict form first, and then it passes the strict parser: nothing else
 * is read otherwise than usual. Only for responses: the parser that it gives the head to is one of responses.
 */
import { HeadParser } from '../../parsing/head-parser.js';
import { RESPONSE } from '../../parsing/llhttp.js';
import { ParseError } from '../../parsing/parse-error.js';
const START = 'HTTP/1.';
const END = /\n\r?\n/;
const LENGTH = /^content-length:[\t ]*(\d{1,15})[\t ]*$/i;
export class LenientHeads {
    parser;
    #limit;
    #pieces = [];
    #length = 0;
    /** The first and the last characters of what has come. */
    #start = '';
    #tail = '';
    /** @param limit bytes of a head, as it comes. */
    constructor(limit) {
        this.#limit = limit;
        // Each line may become longer by a CR.
        this.parser = new HeadParser(RESPONSE, 2 * limit);
    }
    read(bytes, from) {
        const text = bytes.toString('latin1', from);
        const joint = `${this.#tail}${text}`;
        const end = END.exec(joint);
        const taken = end ? end.index + end[0].length - this.#tail.length : text.length;
        this.#take(text.slice(0, taken));
        if (!end) {
            this.#tail = joint.slice(-2);
            return -1;
        }
        const strict = Buffer.from(toStrictHead(this.#pieces.join('')), 'latin1');
        this.#forget();
        if (this.parser.read(strict, 0) !== strict.length)
            throw new ParseError('malformed');
        return from + taken;
    }
    close() {
        this.#forget();
        this.parser.close();
    }
    #take(text) {
        this.#length += text.length;
        if (this.#length > this.#limit)
            throw new ParseError('too_large');
        this.#pieces.push(text);
        if (this.#start.length < START.length)
            this.#start = `${this.#start}${text}`.slice(0, START.length);
        // What is no HTTP at all is told at once, as by the strict parser.
        if (!START.startsWith(this.#start))
            throw new ParseError('malformed');
    }
    #forget() {
        this.#pieces = [];
        this.#length = 0;
        this.#start = '';
        this.#tail = '';
    }
}
/** A Content-Length of another value, or in another spelling, stays where it is, and is refused. */
function toStrictHead(text) {
    const lines = [];
    let length;
    for (const line of text.split('\n')) {
        const strict = line.endsWith('\r') ? line.slice(0, -1) : line;
        const [, stated] = LENGTH.exec(strict) ?? [];
        if (stated === undefined || stated !== length)
            lines.push(strict);
        length ??= stated;
    }
    return lines.join('\r\n');
}
