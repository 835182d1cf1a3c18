/**
 * Heads as they are sent (RFC 9112 sections 3, 4 and 5), written from what was decided and never copied from what came. Framing
 * and connection fields are ours: those in the list that is given are left out.
 */
import { STATUS_CODES } from 'node:http';
import { isName, reduceFields } from '../header-list.js';
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^[\x21-\x7e]+$/;
const AUTHORITY = /^[\x21-\x7e]*$/;
/** RFC 9110 section 5.5: no control character save HTAB, no blank at either end; one character for each byte. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const REASON = /^[\t\x20-\x7e\x80-\xff]+$/;
/** A server may ask these for a length, also where there is no content (RFC 9110 sections 8.6 and 15.5.12). */
const EXPECTING_CONTENT = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);
/** Of one connection (RFC 9110 section 7.6.1, RFC 9113 section 8.2.2), or about a body's framing. */
const CONNECTION_FIELDS = new Set([
    'connection',
    'content-length',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
]);
const KEEP_ALIVE = 'Connection: keep-alive\r\n';
const CLOSE = 'Connection: close\r\n';
const LENGTHS = new Set([...CONNECTION_FIELDS].map(name => name.length));
/**
 * @param isLast whether the connection is closed behind the response (RFC 9112 section 9.6).
 * @returns the head of a request: with `Connection: keep-alive` or `close`, or to upgrade where it names a protocol.
 * @throws TypeError where the request line, Host or a field could not be read back as what it is.
 */
export function formatRequestHead(request, isLast = false) {
    const { method, target, authority, fields, body, protocol } = request;
    if (!TOKEN.test(method) || method === 'CONNECT')
        throw new TypeError('invalid method');
    if (!TARGET.test(target))
        throw new TypeError('invalid request target');
    if (!AUTHORITY.test(authority))
        throw new TypeError('invalid authority');
    const connection = protocol === undefined ? (isLast ? CLOSE : KEEP_ALIVE) : formatUpgrade(protocol);
    const line = `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n${connection}`;
    const length = body === 'none' && EXPECTING_CONTENT.has(method) ? 0 : body;
    return `${reduceFields(fields, addRequestField, line)}${formatFraming(length)}\r\n`;
}
/**
 * @param connection the line of the Connection field, or nothing.
 * @param framing the line of the framing field, or nothing.
 * @returns the head of a response. Where it has no Date, it gets one (RFC 9110 section 6.6.1).
 */
export function formatResponseHead({ status, reason, fields }, connection, framing) {
    const phrase = REASON.test(reason) ? reason : (STATUS_CODES[status] ?? '');
    const text = reduceFields(fields, addResponseField, `HTTP/1.1 ${status} ${phrase}\r\n`);
    const date = status < 200 || reduceFields(fields, isDate, false) ? '' : dateLine();
    return `${text}${date}${framing}${connection}\r\n`;
}
/** @returns the line that frames a body (RFC 9112 section 6), or nothing where there is none. */
export function formatFraming(body) {
    if (body === 'none')
        return '';
    return body === 'unknown' ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${body}\r\n`;
}
function addRequestField(text, name, value) {
    return isOfConnection(name) || isExpectOrHost(name) ? text : text + formatField(name, value);
}
function addResponseField(text, name, value) {
    return isOfConnection(name) ? text : text + formatField(name, value);
}
/** @throws TypeError where it could not be read back as what it is; without the value, which may be a secret. */
function formatField(name, value) {
    if (!TOKEN.test(name))
        throw new TypeError('invalid field name');
    if (!VALUE.test(value))
        throw new TypeError(`invalid value of ${name}`);
    return `${name}: ${value}\r\n`;
}
function isDate(found, name) {
    return found || isName(name, 'date');
}
function formatUpgrade(protocol) {
    if (!TOKEN.test(protocol))
        throw new TypeError('invalid protocol');
    return `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
}
function isOfConnection(name) {
    return LENGTHS.has(name.length) && CONNECTION_FIELDS.has(name.toLowerCase());
}
/** Host is written once, first; an expectation is answered by this hop (RFC 9110 section 10.1.1). */
function isExpectOrHost(name) {
    return isName(name, 'host') || isName(name, 'expect');
}
let second = 0;
let line = '';
/** Made anew once a second. */
function dateLine() {
    const now = Math.floor(Date.now() / 1_000);
    if (now !== second) {
        second = now;
        line = `Date: ${new Date(now * 1_000).toUTCString()}\r\n`;
    }
    return line;
}
