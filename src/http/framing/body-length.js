/**
 * Where the body of a message ends (RFC 9112 section 6.3), in its one reading or not at all. Stricter than the RFC: the same
 * Content-Length twice, an empty Transfer-Encoding, and every transfer coding but a lone `chunked` are refused.
 */
import { ParseError } from '../parsing/parse-error.js';
/** RFC 9110 section 8.6: digits only, and no more than a number holds exactly. */
const LENGTH = /^\d{1,15}$/;
/**
 * @returns the body of a request; without a framing field it has none.
 * @throws ParseError for more than one framing field, or one that has more than one reading.
 */
export function readRequestBody(control, minor) {
    const framing = readFraming(control, minor);
    if (framing === undefined)
        return 'none';
    return framing === 'chunked' ? 'unknown' : framing;
}
/**
 * @param isBodiless a response to HEAD: it ends with its head, and so do 1xx, 204 and 304.
 * @returns its framing; 0 where it has no body, whatever its fields are.
 * @throws ParseError for more than one framing field, or one that has more than one reading, also where there is no body.
 */
export function readResponseFraming(control, minor, status, isBodiless) {
    const framing = readFraming(control, minor);
    if (isBodiless || status < 200 || status === 204 || status === 304)
        return 0;
    return framing ?? 'close';
}
/** @returns the Content-Length of a message, also where it has no body. */
export function readStatedLength({ lengths, length }) {
    return lengths === 0 ? undefined : Number(length);
}
function readFraming(control, minor) {
    const { lengths, length, codings, coding } = control;
    // Both, or one of them twice, are how messages are smuggled (RFC 9112 sections 6.1, 6.3 and 11.2).
    if (lengths + codings > 1)
        throw new ParseError('malformed');
    if (codings === 1) {
        // HTTP/1.0 knows no transfer codings: one that has crossed such a hop may be framed otherwise (RFC 9112 section 6.1). And
        // `chunked` comes once and last; what stands before it is not decoded here (sections 6.3 and 7).
        if (minor === 0 || coding.toLowerCase() !== 'chunked')
            throw new ParseError('malformed');
        return 'chunked';
    }
    if (lengths === 0)
        return undefined;
    if (!LENGTH.test(length))
        throw new ParseError('malformed');
    return Number(length);
}
