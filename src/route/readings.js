/**
 * Every path that some server may read in one path. Each rule is what some server does by default or by a setting. Servers
 * apply them in different orders and more than once, so every rule is applied to every result of the others.
 */
import { decodeAsKey, hasDotSegment, toKeyCharacter } from './path.js';
/** Bounds of the cost. Past any of them the path counts as ambiguous. */
const LONGEST = 4_096;
const MOST_READINGS = 256;
const MOST_CHARACTERS = 32_768;
const OVERLONG = /%C[01]%[89AB][0-9A-F]|%E0%[89][0-9A-F]%[89AB][0-9A-F]|%F0%8[0-9A-F]%[89AB][0-9A-F]%[89AB][0-9A-F]/g;
/** Each rule leaves fewer escapes, segments or characters than before, so the repetition ends. */
const RULES = [
    // nginx, Apache with AllowEncodedSlashes, Tomcat with encodedSolidusHandling=decode.
    key => key.replaceAll('%2F', '/'),
    // IIS, and Tomcat with ALLOW_BACKSLASH.
    key => key.replaceAll('%5C', '/'),
    // nginx (merge_slashes), Apache (MergeSlashes), Tomcat, Spring.
    key => key.replace(/\/{2,}/g, '/'),
    // A server that reads the target as a URL reference takes `//` for the start of an authority (RFC 3986 section 4.2).
    key => key.replace(/^\/\/[^/]*\/?/, '/'),
    // Servlet containers and Spring cut path parameters, either before or after they decode.
    key => key.replaceAll('%3B', ';'),
    key => key.replace(/;[^/]*/g, ''),
    // C strings end at NUL; a path that is decoded and then parsed as a URL ends at ? or #.
    key => cutAt(key, '%00'),
    key => cutAt(key, '%3F'),
    key => cutAt(key, '%23'),
    // Decoding twice: a proxy and then a server, or a server and then a framework.
    key => decodeAsKey(key.replace(/%25(?=[0-9A-Fa-f]{2})/g, '%')),
    // http.sys (PercentUAllowed), when it decodes a second time.
    key => key.replace(/%25[uU]([0-9A-Fa-f]{4})/g, (_, hex) => toKeyCharacter(Number.parseInt(hex, 16))),
    // URL parsers remove tabs and line ends (WHATWG URL section 4.4), decoders remove what is not UTF-8.
    key => key.replace(/%(?:[01][0-9A-F]|7F|[89A-F][0-9A-F])/g, ''),
    // Http.sys (EnableNonUTF8) and Tomcat (URIEncoding) read such bytes, or all bytes, as Latin-1; older decoders accept
    // overlong UTF-8.
    decodeLatin1,
    key => (/%[89A-F][0-9A-F]/.test(key) ? decodeLatin1(Buffer.from(key, 'utf8').toString('latin1')) : key),
    key => key.replace(OVERLONG, readOverlong),
    // Win32 drops blanks and dots at the end of a name.
    key => key.replace(/(?<![ .])[ .]+(?=\/|$)/g, ''),
];
/**
 * @param key a path, as matched.
 * @returns every reading, the path itself first; `undefined` where a reading has a dot segment, or where a bound is passed.
 */
export function listReadings(key) {
    if (key.length > LONGEST)
        return undefined;
    const readings = new Set([key]);
    let characters = 0;
    // Iterating a set also visits what is added meanwhile.
    for (const reading of readings) {
        characters += reading.length;
        if (readings.size > MOST_READINGS || characters > MOST_CHARACTERS || hasDotSegment(reading))
            return undefined;
        for (const read of RULES)
            readings.add(read(reading));
    }
    return [...readings];
}
function cutAt(key, end) {
    const at = key.indexOf(end);
    return at === -1 ? key : key.slice(0, at);
}
function decodeLatin1(key) {
    return key.replace(/%[89A-F][0-9A-F]/g, byte => String.fromCharCode(Number.parseInt(byte.slice(1), 16)));
}
/** RFC 3629 section 3 forbids overlong forms; decoders that accept them take the remaining bits. */
function readOverlong(encoded) {
    const [first = 0, ...others] = encoded
        .split('%')
        .slice(1)
        .map(hex => Number.parseInt(hex, 16));
    const lead = first & (others.length === 1 ? 0x1f : others.length === 2 ? 0x0f : 0x07);
    return toKeyCharacter(others.reduce((bits, byte) => (bits << 6) | (byte & 0x3f), lead));
}
