/**
 * The `audgate explain` command of a denial, to be copied into a shell. Method, Host and path are chosen by the caller: each
 * argument is quoted (POSIX Shell, section 2.2.2), and where one has a character other than printable ASCII there is no
 * command. The token is not kept by the gateway: the command reads it from standard input.
 */
import { isDecidedWithin } from '../../denial.js';
/** Printable ASCII: a line break ends the command, an escape sequence moves the cursor, a bidi control reorders what is shown. */
const PLAIN = /^[ -~]+$/;
/**
 * @returns whether `explain` can reproduce the denial. It sends no request, so it knows no malformed head, body or other
 *   requests.
 */
export function isExplainable({ reason, host, path }) {
    return isDecidedWithin(reason, 'path', 'scope') && host !== '' && path !== '';
}
/** @returns the command; `undefined` where `explain` cannot reproduce the denial, or no command is safe to copy and exact. */
export function formatExplainCommand(denial, file) {
    const { reason, method, host, path, at } = denial;
    if (!isExplainable(denial) || !path.startsWith('/'))
        return undefined;
    if (isCut(path) || isCut(host) || ![method, host, path, file].every(text => PLAIN.test(text)))
        return undefined;
    return [
        'audgate explain',
        `--config=${quote(file)}`,
        ...(reason === 'missing_token' ? [] : ['--token-file=-']),
        `--method=${quote(method)}`,
        `--at=${new Date(at).toISOString()}`,
        quote(`http://${host}${path}`),
    ].join(' ');
}
function isCut(text) {
    return text.endsWith('…');
}
/** Nothing is special between single quotes but the single quote. */
function quote(text) {
    return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
