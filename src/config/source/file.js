/** Reads the configuration file and the files that it names. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { accept, reject } from '../values/parsed-value.js';
/** Bytes of a file with certificates, keys or a token: far more than any that is in use. */
const LARGEST_FILE = 1024 * 1024;
/** Bytes of one read. */
const CHUNK = 64 * 1024;
/** @returns the bytes of `file`; rejects what cannot be read, is no regular file, or has more than `limit` bytes. */
export function readBytes(file, limit = LARGEST_FILE) {
    try {
        const found = statSync(file);
        if (found.size > limit)
            return tooLarge(limit);
        // Opening a device may have an effect, and reading a pipe or device could block or never end.
        if (!found.isFile())
            return reject('is not a regular file');
        return readOpened(openSync(file, constants.O_RDONLY | constants.O_NONBLOCK), limit);
    }
    catch (error) {
        return reject(describeReadError(error));
    }
}
/** Files of /proc are regular ones of size 0, whatever they hold: what is read is counted, and a read never waits. */
function readOpened(descriptor, limit) {
    try {
        if (!fstatSync(descriptor).isFile())
            return reject('is not a regular file');
        const chunks = [];
        let size = 0;
        for (;;) {
            const chunk = Buffer.allocUnsafe(CHUNK);
            const length = readSync(descriptor, chunk);
            if (length === 0)
                return accept(Buffer.concat(chunks, size));
            size += length;
            if (size > limit)
                return tooLarge(limit);
            chunks.push(chunk.subarray(0, length));
        }
    }
    finally {
        closeSync(descriptor);
    }
}
function tooLarge(limit) {
    return reject(`is larger than ${limit / 1024} KiB`);
}
/** @returns the text of `file`, without a byte order mark; rejects also what is not UTF-8. */
export function readText(file, limit = LARGEST_FILE) {
    const bytes = readBytes(file, limit);
    return bytes.ok ? decodeText(bytes.value) : bytes;
}
/** @returns `bytes` as text, without a byte order mark; rejects what is not UTF-8. */
export function decodeText(bytes) {
    try {
        return accept(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    }
    catch {
        return reject('is not UTF-8 text');
    }
}
function describeReadError(error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR')
        return 'does not exist';
    if (code === 'EACCES' || code === 'EPERM')
        return 'may not be read by this user';
    return `cannot be read${typeof code === 'string' ? ` (${code})` : ''}`;
}
