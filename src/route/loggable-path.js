/**
 * The part of a path that a log line may show: everything but what the client may have meant as a query, a fragment or a
 * session parameter, which may hold secrets.
 */
/** Replaces what is not shown. It is not a byte, so no request target contains it. */
export const MASK = '\u2026';
const TARGET = /^(?:https?:\/\/[^/?#]*)?(\/[^?]*)/i;
/** The first place where something may have to be masked: `;`, `#`, or `? # ;` encoded once or more. */
const BEGINNING = /[;#]|%(?:25)*(?:3f|23|3b)/i;
/** Overlong UTF-8 (RFC 3629 section 3), and `%` without two digits, such as `%u002f`, or `%%32%46` that is decoded twice. */
const LENIENT = 'c[01]|e0%(?:25)*[89]|f0%(?:25)*8|(?![0-9a-f]{2})';
/** What some decoder reads as a separator of segments. Servers route by segments, so what follows a separator is shown. */
const SEPARATOR = String.raw `[/\\;]|%(?:25)*(?:2f|5c|3b|${LENIENT})`;
/** What follows `#`, or an encoded `?` or `#`. */
const QUERY = new RegExp(`(#|%(?:25)*(?:3f|23))(?:(?!${SEPARATOR})[^])+`, 'gi');
/** Behind `=`. */
const VALUE = new RegExp(`(=|%(?:25)*3d)(?:(?!${SEPARATOR}|[&#]|%(?:25)*(?:26|23|3f))[^])+`, 'gi');
/** A parameter without a value and longer than usual names: it may be a session id. */
const BARE = new RegExp(`(;|%(?:25)*3b)(?:(?!${SEPARATOR}|[=&#]|%(?:25)*(?:3d|26|23|3f))[^]){9,}(?=${SEPARATOR}|[&#]|$)`, 'gi');
/**
 * @param target a request target, or a path.
 * @returns its path to its end, without a query. In a segment, what follows a `#` or an encoded `?` or `#` is masked, and
 *   from the first of them or the first `;` on, the value of each `name=value`, and a parameter of more than 8 characters
 *   without a value. Empty for a target without a path.
 */
export function toLoggablePath(target) {
    const path = TARGET.exec(target)?.[1] ?? '';
    const at = path.search(BEGINNING);
    if (at === -1)
        return path;
    const masked = [QUERY, VALUE, BARE].reduce((shown, hidden) => shown.replace(hidden, `$1${MASK}`), path.slice(at));
    return path.slice(0, at) + masked;
}
