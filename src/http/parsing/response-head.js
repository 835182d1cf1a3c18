/** Strict checks over what llhttp reads of a response's head (RFC 9112 sections 4, 5 and 6). */
import { readResponseFraming, readStatedLength } from '../framing/body-length.js';
import { ControlFields } from '../framing/control-fields.js';
import { checkCodingLine, FIELD_LINES, readFieldLines } from './field-lines.js';
import { ParseError } from './parse-error.js';
/** RFC 9112 section 4. The blank behind the status may be missing where there is no phrase: many servers leave it out. */
const STATUS_LINE = /HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/;
const HEAD = new RegExp(`^(${STATUS_LINE.source})${FIELD_LINES}$`);
/**
 * @param parser which has just found a head.
 * @param isHead whether it responds to HEAD.
 * @throws ParseError for everything that another client could read differently.
 */
export function readResponseHead(parser, isHead) {
    const [, line, version, code = '', reason = ''] = HEAD.exec(parser.text) ?? [];
    const minor = Number(version);
    const status = Number(code);
    const isSame = parser.major === 1 && parser.minor === minor && parser.status === status;
    if (line === undefined || !isSame)
        throw new ParseError('malformed');
    const fields = readFieldLines(parser.text, line.length, parser.spans);
    const control = ControlFields.of(fields);
    if (control.codings > 0)
        checkCodingLine(parser.text);
    const framing = readResponseFraming(control, minor, status, isHead);
    return {
        status,
        reason: reason.trim(),
        fields,
        body: readBody(framing, control, status, isHead),
        framing,
        isPersistent: isReusable(control, minor, status, framing),
        keepAlive: readTimeout(control.keepAlive),
        protocol: minor === 1 && control.hasUpgrade ? control.protocol : undefined,
    };
}
/**
 * @param fields of the response to another method than HEAD, as another parser has read them.
 * @throws ParseError where there is more than one reading of where its body ends.
 */
export function readBodyLength(fields, minor, status) {
    const control = ControlFields.of(fields);
    return readBody(readResponseFraming(control, minor, status, false), control, status, false);
}
function readBody(framing, control, status, isHead) {
    if (isHead || status === 304)
        return readStatedLength(control) ?? 'none';
    if (status < 200 || status === 204)
        return 'none';
    return typeof framing === 'number' ? framing : 'unknown';
}
/**
 * A 204 with a framing field has a body as far as its server is concerned (RFC 9112 section 6.1, RFC 9110 section 8.6). A 304
 * may have the length of another response, but some servers send the body, too, and late.
 */
function isReusable(control, minor, status, framing) {
    const isBodiless = status === 204 || status === 304;
    const isContradictory = isBodiless && (control.codings > 0 || Number(control.length) > 0);
    return control.isPersistent(minor) && framing !== 'close' && !isContradictory;
}
function readTimeout(keepAlive) {
    const seconds = keepAlive && /(?:^|[\s,])timeout="?(\d{1,6})/i.exec(keepAlive)?.[1];
    return seconds ? Number(seconds) * 1_000 : undefined;
}
