/** One entry of `allow_encoded`: an encoding that a route lets pass although servers read it differently. */
import { accept, reject } from '../parsed-value.js';
export const ALLOWED_ENCODING = 'a percent-encoding such as %2F, or ;';
export const ALLOWED_ENCODING_FORM = /^(?:;|%[0-9A-Fa-f]{2})$/;
/** @returns the encoding in upper case; rejects those of unreserved characters (RFC 3986 section 2.3). */
export function parseAllowedEncoding(text) {
    if (text === ';')
        return accept(text);
    if (!ALLOWED_ENCODING_FORM.test(text))
        return reject('is not a percent-encoding');
    if (/^%C[01]$/i.test(text))
        return reject('is never part of UTF-8, and hides separators', { expected: 'no entry for it' });
    const character = String.fromCharCode(Number.parseInt(text.slice(1), 16));
    if (/[A-Za-z0-9\-._~]/.test(character)) {
        return reject('encodes an unreserved character, which is always decoded', { expected: 'no entry for it' });
    }
    return accept(text.toUpperCase());
}
