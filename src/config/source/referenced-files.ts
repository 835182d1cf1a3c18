/** The files that a configuration names and that are read when it is loaded: a change of one of them loads it again. */

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { ParsedValue } from '../values/parsed-value.ts';
import { decodeText, readBytes } from './file.ts';

/** A file, and what it held. */
export interface ReferencedFile {
  readonly path: string;
  /** SHA-256 in hex; of a file that could not be read, why. */
  readonly state: string;
  /** Bytes that it may have, where that is another number than usual. */
  readonly limit?: number | undefined;
}

export class ReferencedFiles {
  readonly folder: string;
  readonly #read = new Map<
    string,
    { readonly state: string; readonly text: ParsedValue<string>; readonly limit?: number | undefined }
  >();

  /** @param folder where relative names start. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** @returns the text of `name`, as it was when it was first asked for; rejects what cannot be read, or has more than `limit` bytes (1 MiB). */
  readText(name: string, limit?: number): ParsedValue<string> {
    const path = resolve(this.folder, name);
    const known = this.#read.get(path) ?? { ...readState(path, limit), ...(limit && { limit }) };
    this.#read.set(path, known);
    return known.text;
  }

  /** Those that were asked for. */
  list(): readonly ReferencedFile[] {
    return [...this.#read].map(([path, { state, limit }]) => ({ path, state, ...(limit && { limit }) }));
  }
}

/** @returns `files` as they are now. */
export function readAgain(files: readonly ReferencedFile[]): readonly ReferencedFile[] {
  return files.map(({ path, limit }) => ({ path, state: readState(path, limit).state, ...(limit && { limit }) }));
}

function readState(path: string, limit?: number) {
  const bytes = readBytes(path, limit);
  if (!bytes.ok) return { state: bytes.rejection.what, text: bytes };
  return { state: createHash('sha256').update(bytes.value).digest('hex'), text: decodeText(bytes.value) };
}
