/**
 * The field section of a head (RFC 9112 section 5), read twice: once by llhttp, and once here, line by line. What the two do
 * not read alike is refused, and so is line folding (section 5.2), and every blank around a name (section 5.1).
 */
import { ParseError } from './parse-error.js';
/** All of a field section and the empty line behind it. */
export const FIELD_LINES = String.raw `(?:[!#$%&'*+.^_\x60|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n`;
const COLON = 58;
/**
 * @param text a head that matches `FIELD_LINES` from the first field line on, whose offset is `from`.
 * @param spans where llhttp found each name and value: its start, and the offset behind it.
 * @returns alternating names and values, without the blanks around a value.
 */
export function readFieldLines(text, from, spans) {
    const fields = [];
    let at = from;
    for (let index = 0; index < spans.length; index += 4) {
        const colon = spans[index + 1] ?? 0;
        const end = text.indexOf('\r\n', at);
        if (spans[index] !== at || text.charCodeAt(colon) !== COLON)
            throw new ParseError('malformed');
        const value = readValue(text, colon + 1, end, spans[index + 2] ?? 0, spans[index + 3] ?? 0);
        fields.push(text.slice(at, colon), value);
        at = end + 2;
    }
    if (at + 2 !== text.length)
        throw new ParseError('malformed');
    return fields;
}
/** llhttp drops the blanks before a value, and keeps those behind it. */
function readValue(text, from, to, start, end) {
    let first = from;
    let last = to;
    while (first < last && isBlank(text, first))
        first += 1;
    while (last > first && isBlank(text, last - 1))
        last -= 1;
    const isSame = first === last ? isEmpty(text, start, end) : start === first && end >= last && end <= to;
    if (!isSame)
        throw new ParseError('malformed');
    return text.slice(first, last);
}
function isEmpty(text, start, end) {
    return /^[\t ]*$/.test(text.slice(start, end));
}
/** SP or HTAB (RFC 9110 section 5.6.3). */
function isBlank(text, at) {
    const code = text.charCodeAt(at);
    return code === 32 || code === 9;
}
/**
 * A tab is a blank like any other (RFC 9110 section 5.6.3), but llhttp, and node:http with it, takes `chunked` with a tab behind it
 * for another coding, and reads the body to the end of the connection.
 *
 * @param text a head with one Transfer-Encoding.
 * @throws ParseError where there is a tab in it.
 */
export function checkCodingLine(text) {
    if (/\ntransfer-encoding:[^\r]*\t/i.test(text))
        throw new ParseError('malformed');
}
