/** The files that a configuration names and that are read when it is loaded: a change of one of them loads it again. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { decodeText, readBytes } from './file.js';
export class ReferencedFiles {
    folder;
    #read = new Map();
    /** @param folder where relative names start. */
    constructor(folder) {
        this.folder = folder;
    }
    /** @returns the text of `name`, as it was when it was first asked for; rejects what cannot be read, or has more than 1 MiB. */
    readText(name) {
        const path = resolve(this.folder, name);
        const known = this.#read.get(path) ?? readState(path);
        this.#read.set(path, known);
        return known.text;
    }
    /** Those that were asked for. */
    list() {
        return [...this.#read].map(([path, { state }]) => ({ path, state }));
    }
}
/** @returns `files` as they are now. */
export function readAgain(files) {
    return files.map(({ path }) => ({ path, state: readState(path).state }));
}
function readState(path) {
    const bytes = readBytes(path);
    if (!bytes.ok)
        return { state: bytes.rejection.what, text: bytes };
    return { state: createHash('sha256').update(bytes.value).digest('hex'), text: decodeText(bytes.value) };
}
