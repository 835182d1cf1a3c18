/** HTML templates that escape every value, except HTML that was made here. */
const MADE_HERE = Symbol('html');
/**
 * Template tag. Strings are escaped for text and for quoted attributes; lists are joined; `undefined` and `false` become
 * the empty string. Characters that are invisible, or that reorder the text around them, are shown as `\u{202e}`.
 */
export function html(pieces, ...values) {
    return trusted(pieces.map((piece, index) => piece + render(values[index])).join(''));
}
/** @param text constant text of this program, such as its style sheet; never text of a request or of the configuration. */
export function trusted(text) {
    return { [MADE_HERE]: text };
}
/** @returns the text to send. */
export function textOf(piece) {
    return piece[MADE_HERE];
}
function render(value) {
    if (value === undefined || value === false)
        return '';
    if (typeof value === 'string')
        return escapeText(value);
    if (typeof value === 'number')
        return String(value);
    return isList(value) ? value.map(render).join('') : value[MADE_HERE];
}
function isList(value) {
    return Array.isArray(value);
}
const ENTITIES = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
    '`': '&#96;',
};
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
function escapeText(text) {
    return text
        .replace(INVISIBLE, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
        .replace(/[&<>"'`]/g, character => ENTITIES[character] ?? '');
}
