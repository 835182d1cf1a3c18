/**
 * Strict checks over what llhttp reads of a request's head (RFC 9112 sections 3, 5 and 6). Left to the caller: Host, the form of
 * the target, and what the fields mean.
 */
import { readRequestBody } from '../framing/body-length.js';
import { ControlFields } from '../framing/control-fields.js';
import { checkCodingLine, FIELD_LINES, readFieldLines } from './field-lines.js';
import { hasOtherVersion } from './head-parser.js';
import { ParseError } from './parse-error.js';
/**
 * A method, a target of visible ASCII, and a version (RFC 9112 sections 3, 3.2 and 2.3); the versions of RTSP and ICE, which
 * llhttp reads as well, are none.
 */
const REQUEST_LINE = /([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.([01])\r\n/;
const HEAD = new RegExp(`^${REQUEST_LINE.source}${FIELD_LINES}$`);
/**
 * @param parser which has just found a head.
 * @throws ParseError for everything that another server could read differently, and for CONNECT, which would open a tunnel.
 */
export function readRequestHead(parser) {
    const { text, spans } = parser;
    const [, method = '', target = '', version] = HEAD.exec(text) ?? [];
    if (version === undefined)
        throw new ParseError(hasOtherVersion(text) ? 'version' : 'malformed');
    const minor = Number(version);
    // One blank each (RFC 9112 section 3); llhttp must have read the same, since the two would forward different requests.
    const isSame = isSameTarget(parser, method.length + 1, target.length) && parser.major === 1 && parser.minor === minor;
    if (!isSame || method === 'CONNECT')
        throw new ParseError('malformed');
    const fields = readFieldLines(text, method.length + target.length + 12, spans);
    const control = ControlFields.of(fields);
    if (control.codings > 0)
        checkCodingLine(text);
    return {
        method,
        target,
        version: minor === 1 ? '1.1' : '1.0',
        fields,
        body: readRequestBody(control, minor),
        expects: readExpectation(control, minor),
        protocol: minor === 1 && control.hasUpgrade ? control.protocol : undefined,
        isPersistent: control.isPersistent(minor),
    };
}
function isSameTarget({ targetStart, targetEnd }, start, length) {
    return targetStart === start && targetEnd === start + length;
}
/** A client of HTTP/1.0 cannot wait for 100 (RFC 9110 section 10.1.1). */
function readExpectation({ expect }, minor) {
    if (expect === undefined)
        return 'nothing';
    if (expect.toLowerCase() !== '100-continue')
        return 'unknown';
    return minor === 1 ? 'continue' : 'nothing';
}
