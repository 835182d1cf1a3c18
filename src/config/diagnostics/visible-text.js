/**
 * Makes untrusted text safe to print: a claim, a path or a name may hold escape sequences, line ends that JSON does not escape,
 * or characters that turn the reading direction, and logs are read on terminals (Unicode UAX #9, UTS #55).
 */
/**
 * Controls (C0, DEL, C1), format characters (direction, joiners, tags, the byte order mark), surrogates, private and
 * unassigned code points, line and paragraph separators, and invisible characters.
 */
const ACTIVE = '\\p{C}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}';
/** Within a sentence also blanks other than the space. */
const IN_TEXT = new RegExp(`[${ACTIVE}]|(?! )\\p{Zs}`, 'gu');
/** Line feeds between the tokens of JSON stay; those in a string are escaped already. */
const IN_JSON = new RegExp(`(?!\\n)[${ACTIVE}]`, 'gu');
const PRINTABLE = /^[ -~]*$/;
/** @returns `text` on one line, with every character that could act on a terminal, or is invisible, as `\u{…}`. */
export function onOneLine(text) {
    return PRINTABLE.test(text) ? text : text.replace(IN_TEXT, escapeCharacter);
}
/** @returns `json`, the text of a JSON value, with each such character as `\uXXXX` (RFC 8259 section 7): the value is the same. */
export function escapeJson(json) {
    return PRINTABLE.test(json) ? json : json.replace(IN_JSON, escapeUnits);
}
/** @returns `\u{…}` for one character. */
export function escapeCharacter(character) {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
function escapeUnits(character) {
    return [...Array(character.length).keys()]
        .map(index => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
        .join('');
}
