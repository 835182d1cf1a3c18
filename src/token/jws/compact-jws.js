/** Parses the compact form of a JWS strictly (RFC 7515 section 7.1), with JSON objects inside (RFC 7519 section 7.2). */
import { deny } from '../../denial.js';
import { readJsonObject } from './json-object.js';
/** Checked first, since Node.js also decodes base64url with padding, blanks and `+/`: one token must have one spelling. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/;
/**
 * @returns the parts of the token, not yet verified, or `malformed_token`: another form, parts that are not JSON objects or
 *   have duplicate members, `alg`, `kid` or `typ` that are not strings, critical extensions (`crit`, RFC 7515 section 4.1.11)
 *   or `b64`.
 */
export function readCompactJws(token) {
    if (!COMPACT.test(token))
        return deny('malformed_token');
    const parts = token.split('.');
    if (!parts.every(isCanonical))
        return deny('malformed_token');
    const [header, claims] = parts.slice(0, 2).map(readJsonObject);
    if (header === undefined || claims === undefined)
        return deny('malformed_token');
    const { alg, kid, typ } = header;
    if (typeof alg !== 'string' || !isOptionalString(kid) || !isOptionalString(typ))
        return deny('malformed_token');
    if ('crit' in header || 'b64' in header)
        return deny('malformed_token');
    return { ok: true, algorithm: alg, keyId: kid, type: typ, claims };
}
/** By length modulo 4, the last characters that canonical base64url may have. Length 1 modulo 4 is never valid. */
const LAST_CHARACTER = [/^/, /(?!)/, /[AQgw]$/, /[AEIMQUYcgkosw048]$/];
/** RFC 4648 section 3.5: the unused bits of the last character must be 0, or one token would have several spellings. */
function isCanonical(part) {
    return LAST_CHARACTER[part.length % 4]?.test(part) === true;
}
function isOptionalString(value) {
    return value === undefined || typeof value === 'string';
}
