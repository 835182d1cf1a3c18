/** The files that a configuration names and that are read when it is loaded: a change of one of them loads it again. */

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { accept, type ParsedValue } from '../values/parsed-value.ts';
import { decodeText, readBytes } from './file.ts';
import { findMatches, type ScannedFolder } from './pattern.ts';

/** A file, and what it held; or a pattern, and what it matched. */
export interface ReferencedFile {
  readonly path: string;
  /** SHA-256 in hex, of a pattern of the paths that fit it; of what could not be read, why. */
  readonly state: string;
  /** Bytes that it may have, where that is another number than usual. */
  readonly limit?: number | undefined;
  readonly scan?: PatternScan;
}

/** How to look again for what a pattern matches, and where that was looked for. */
export interface PatternScan {
  /** Where a relative pattern starts. */
  readonly folder: string;
  readonly pattern: string;
  readonly folders: readonly ScannedFolder[];
}

interface Read {
  readonly state: string;
  readonly text: ParsedValue<string>;
  readonly limit: number | undefined;
}

export class ReferencedFiles {
  readonly folder: string;
  readonly #read: Map<string, Read>;
  readonly #scans: ReferencedFile[];

  /** @param folder where relative names start. @param others what is read goes to their list. */
  constructor(folder: string, others?: ReferencedFiles) {
    this.folder = folder;
    this.#read = others ? others.#read : new Map();
    this.#scans = others ? others.#scans : [];
  }

  /** @returns the text of `name`, as it was when it was first asked for; rejects what cannot be read, or has more than `limit` bytes (1 MiB). */
  readText(name: string, limit?: number): ParsedValue<string> {
    return this.#readOnce(name, limit).text;
  }

  /** As `readText`, with the SHA-256 of the bytes in hex. */
  readHashed(name: string): ParsedValue<{ readonly text: string; readonly hash: string }> {
    const { text, state } = this.#readOnce(name);
    return text.ok ? accept({ text: text.value, hash: state }) : text;
  }

  /** @returns the absolute paths that fit `pattern`; see `findMatches`. */
  findMatches(pattern: string): ParsedValue<readonly string[]> {
    const { scanned, matches } = scan(this.folder, pattern);
    this.#scans.push(scanned);
    return matches;
  }

  /** Those that were asked for. */
  list(): readonly ReferencedFile[] {
    return [...[...this.#read].map(([path, read]) => toReferenced(path, read)), ...this.#scans];
  }

  #readOnce(name: string, limit?: number): Read {
    const path = resolve(this.folder, name);
    const known = this.#read.get(path) ?? readState(path, limit);
    this.#read.set(path, known);
    return known;
  }
}

/** @returns `files` as they are now. */
export function readAgain(files: readonly ReferencedFile[]): readonly ReferencedFile[] {
  return files.map(({ path, scan: before, limit }) =>
    before ? scan(before.folder, before.pattern).scanned : toReferenced(path, readState(path, limit)),
  );
}

/** @returns `files`, of those of one name the last; a pattern is not the file of that name. */
export function withoutRepeats(files: readonly ReferencedFile[]): readonly ReferencedFile[] {
  return [...new Map(files.map(file => [`${file.scan ? 'pattern' : 'file'} ${file.path}`, file])).values()];
}

function scan(folder: string, pattern: string) {
  const found = findMatches(folder, pattern);
  const { files, folders } = found.ok ? found.value : { files: [], folders: [] };
  const state = found.ok ? createHash('sha256').update(files.join('\n')).digest('hex') : found.rejection.what;
  const scanned: ReferencedFile = { path: resolve(folder, pattern), state, scan: { folder, pattern, folders } };
  return { scanned, matches: found.ok ? accept(files) : found };
}

function toReferenced(path: string, { state, limit }: Read): ReferencedFile {
  return limit === undefined ? { path, state } : { path, state, limit };
}

function readState(path: string, limit?: number): Read {
  const bytes = readBytes(path, limit);
  if (!bytes.ok) return { state: bytes.rejection.what, text: bytes, limit };
  return { state: createHash('sha256').update(bytes.value).digest('hex'), text: decodeText(bytes.value), limit };
}
