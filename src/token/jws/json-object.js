/** One part of a JWS → the JSON object in it (RFC 7519 section 7.2), read so that no other reader can take it for another one. */
import { isUtf8 } from 'node:buffer';
const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
/** In a string of JSON: an escape that stands for a backslash (RFC 8259 section 7). */
const ESCAPED_BACKSLASH = /\\(?:\\|u005c)/i;
/**
 * @param part base64url, without padding.
 * @returns the object. `undefined` for what is not the UTF-8 of a JSON object, begins with a byte order mark, has two members of
 *   one name at any depth (RFC 7519 section 4 lets a reader take the last, and other readers take the first), or a name with
 *   a backslash.
 */
export function readJsonObject(part) {
    const text = decodePart(part);
    if (text === undefined || hasBackslashInName(text))
        return undefined;
    const value = parse(text);
    return isObject(value) && countNames(text) === countMembers(value) ? value : undefined;
}
/** @returns the text in `part`; `undefined` for bytes that are not UTF-8. */
export function decodePart(part) {
    const bytes = Buffer.from(part, 'base64url');
    return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
/**
 * `JSON.parse` of Node.js 24 (V8 13.6) misreads names: where the objects before had a name such as `https:\\/\\/a/r`, with backslashes
 * as its characters, it takes the escaped spelling `https:\/\/a/roles` of another object for that name. So a token that nobody
 * has signed could change how the tokens of others are read. Without a backslash in a name there is nothing to mistake.
 *
 * @param text which need not be JSON. To be asked before it is parsed.
 */
export function hasBackslashInName(text) {
    if (!ESCAPED_BACKSLASH.test(text))
        return false;
    let lastString = '';
    for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        if (code === COLON) {
            if (ESCAPED_BACKSLASH.test(lastString))
                return true;
            lastString = '';
        }
        if (code !== QUOTE)
            continue;
        const end = findEndOfString(text, at);
        lastString = text.slice(at, end);
        at = end;
    }
    return false;
}
/** @returns whether an object in `text`, which is JSON, has two members of one name. */
export function hasDuplicateMembers(text) {
    return countNames(text) !== countMembers(parse(text));
}
function parse(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return undefined;
    }
}
function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
/** In JSON a colon outside a string stands behind the name of a member, and nowhere else. */
function countNames(json) {
    let count = 0;
    for (let at = 0; at < json.length; at += 1) {
        const code = json.charCodeAt(at);
        if (code === COLON)
            count += 1;
        else if (code === QUOTE)
            at = findEndOfString(json, at);
    }
    return count;
}
/** @returns the index of the quote that ends the string which begins at `start`. */
function findEndOfString(json, start) {
    let at = start + 1;
    for (let code = json.charCodeAt(at); code !== QUOTE && at < json.length; code = json.charCodeAt(at)) {
        at += code === BACKSLASH ? 2 : 1;
    }
    return at;
}
/** After `JSON.parse`, which keeps one member of each name. Not recursive: a caller may nest 10,000 lists. */
function countMembers(json) {
    let count = 0;
    const open = [json];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
        if (typeof value !== 'object' || value === null)
            continue;
        const members = Array.isArray(value) ? value : Object.values(value);
        if (!Array.isArray(value))
            count += members.length;
        for (const member of members)
            if (typeof member === 'object' && member !== null)
                open.push(member);
    }
    return count;
}
