/** An error or a warning about a configuration file, and its place. */
import { onOneLine } from './visible-text.js';
/** @returns `FILE:LINE:COL: path: message`, with `warning: ` before the path of a warning. */
export function formatDiagnostic({ severity, file, line, column, path, message }) {
    const mark = severity === 'warning' ? 'warning: ' : '';
    return `${onOneLine(file)}:${line}:${column}: ${mark}${path === '' ? '' : `${path}: `}${message}`;
}
