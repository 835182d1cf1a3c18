/** The bytes of a configuration file, read once, with their hash. Nothing of the content is checked here. */
import { createHash } from 'node:crypto';
import { decodeText, readBytes } from './file.js';
import { LIMITS } from './limits.js';
/** @returns the content of `file`; an error where it cannot be read, is not UTF-8, or is larger than 4 MiB. */
export function readSourceFile(file) {
    const bytes = readBytes(file, LIMITS.fileBytes);
    return bytes.ok ? decodeSource(file, bytes.value) : reportUnreadable(file, bytes.rejection.what);
}
/** As `readSourceFile`, for `text` in memory in place of the content of `file`. */
export function toSourceFile(file, text) {
    const bytes = Buffer.from(text);
    if (bytes.length > LIMITS.fileBytes)
        return reportUnreadable(file, `is larger than ${LIMITS.fileBytes / 1024} KiB`);
    return decodeSource(file, bytes);
}
function decodeSource(file, bytes) {
    const text = decodeText(bytes);
    if (!text.ok)
        return reportUnreadable(file, text.rejection.what);
    const hash = createHash('sha256').update(bytes).digest('hex');
    return { ok: true, source: { file, text: text.value, hash } };
}
/** @returns a text that differs where the content of the file, or the reason why it cannot be read, differs. */
export function fingerprintOf(read) {
    return read.ok ? read.source.hash : read.diagnostics.map(({ message }) => message).join();
}
function reportUnreadable(file, what) {
    const message = `the file ${what}, expected a readable YAML file`;
    return {
        ok: false,
        diagnostics: [{ severity: 'error', code: 'unreadable-file', file, line: 1, column: 1, path: '', message }],
    };
}
