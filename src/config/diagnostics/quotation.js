/**
 * Text of a configuration file as a message shows it: on one line, of bounded length, and nothing of a URL that may hold
 * credentials, since messages go to logs of CI and of the gateway.
 */
import { formatLimit } from '../source/limits.js';
import { onOneLine } from './visible-text.js';
const LONGEST_QUOTE = 120;
const MOST_NAMES = 10;
/** What a message shows in place of text that may hold credentials. */
export const HIDDEN = '"…"';
/** @returns `text` in quotation marks, cut after 120 characters; `"…"` for a URL that may hold credentials. */
export function quote(text) {
    if (hasCredentials(text))
        return HIDDEN;
    return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text);
}
/** @returns the first ten keys of a map as a list to choose from, without those that may hold credentials. */
export function listNames(names) {
    const shown = names.slice(0, MOST_NAMES).filter(name => !hasCredentials(name));
    const more = names.length > MOST_NAMES ? `, … (${formatLimit(names.length - MOST_NAMES)} more)` : '';
    return shown.length === 0 ? '' : `${shown.join(', ')}${more}`;
}
/** @returns whether `text` has a URL with user information or a query: `@` or `?` after `://`. */
export function hasCredentials(text) {
    const scheme = text.indexOf('://');
    return scheme !== -1 && /[@?]/.test(text.slice(scheme));
}
/** @returns `path` as `routes./profile.scopes[0]`; a name with blanks, quotes or controls is quoted. */
export function formatPath(path) {
    const names = path.map(segment => {
        if (typeof segment === 'number')
            return `[${segment}]`;
        return hasCredentials(segment) ? '.…' : `.${isPlain(segment) ? segment : quote(segment)}`;
    });
    return onOneLine(names.join('')).replace(/^\./, '');
}
/** Words with single blanks between them, and without a quotation mark. */
const PLAIN_NAME = /^[^\s"\p{C}]+(?: [^\s"\p{C}]+)*$/u;
/** `: ` ends the path in a printed diagnostic, so a name that holds it is not plain. */
function isPlain(name) {
    return name.length <= LONGEST_QUOTE && PLAIN_NAME.test(name) && !/:(?: |$)/.test(name);
}
