/** Authorization → bearer token (RFC 6750 section 2.1). Tokens in the query or the body are ignored. */
import { deny } from '../denial.js';
const BEARER = /^bearer(?: +(.*))?$/is;
/** The scheme, followed by a blank or by nothing. */
const BEARER_SCHEME = /^bearer(?:[ \t]|$)/i;
/** RFC 9110 section 11.2: a `name=` belongs to the credentials before it; a word without `=` begins new ones. */
const PARAMETER = /^[!#$%&'*+\-.^_`|~0-9a-z]+[ \t]*=/i;
const [TAB, SPACE, QUOTE, COMMA, EQUALS, BACKSLASH] = [0x09, 0x20, 0x22, 0x2c, 0x3d, 0x5c];
/**
 * @param authorization the value of every Authorization field of the request.
 * @returns the token; `missing_token` for no field or another scheme; `malformed_credentials` for two fields, for two
 *   credentials in one field, which is what a proxy makes of two fields (RFC 9110 section 5.3), and for `Bearer` without
 *   a token (RFC 6750 section 3.1).
 */
export function readBearerToken(authorization) {
    const [field = ''] = authorization;
    if (authorization.length > 1 || hasSeveralCredentials(field))
        return deny('malformed_credentials');
    const credentials = BEARER.exec(field);
    if (!credentials)
        return deny(BEARER_SCHEME.test(field) ? 'malformed_credentials' : 'missing_token');
    const token = credentials[1];
    return token ? { ok: true, token } : deny('malformed_credentials');
}
/** A bearer token has no comma, so with a comma there is more than the token; other schemes separate parameters by commas. */
function hasSeveralCredentials(field) {
    if (!field.includes(','))
        return false;
    let first;
    for (let start = 0, end = 0; start < field.length; start = end + 1) {
        end = findComma(field, start);
        const member = end === start ? '' : field.slice(start, end).trim();
        if (member === '')
            continue;
        if (first !== undefined && !PARAMETER.test(member))
            return true;
        first ??= member;
    }
    return first !== undefined && BEARER_SCHEME.test(first);
}
/** @returns the end of the list member at `start` (RFC 9110 section 5.6.1). A comma in a quoted parameter value is no end. */
function findComma(field, start) {
    let isValue = false;
    for (let at = start; at < field.length; at += 1) {
        const code = field.charCodeAt(at);
        if (code === COMMA)
            return at;
        if (code === QUOTE && isValue)
            at = findClosingQuote(field, at);
        isValue = code === EQUALS || (isValue && (code === SPACE || code === TAB));
    }
    return field.length;
}
/** @returns the index of the closing quotation mark; `open` itself where there is none. */
function findClosingQuote(field, open) {
    for (let at = open + 1; at < field.length; at += 1) {
        const code = field.charCodeAt(at);
        if (code === QUOTE)
            return at;
        if (code === BACKSLASH)
            at += 1;
    }
    return open;
}
