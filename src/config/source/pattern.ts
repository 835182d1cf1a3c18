/**
 * File names with `*`, `?`, `[…]` and `**`, as a shell reads them (POSIX Shell, section 2.14; `**` as bash does with globstar):
 * none of them stands for a slash or for the dot that a hidden name begins with.
 */

import { type Dirent, lstatSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { accept, type ParsedValue, type Rejected, reject } from '../values/parsed-value.ts';
import { formatLimit, LIMITS } from './limits.ts';
import { compileName, isPattern } from './name-pattern.ts';

/** A folder that was looked through, and the names in it that matter: a name, or a pattern for one. */
export interface ScannedFolder {
  readonly path: string;
  readonly names: string;
}

export interface Matches {
  /** Absolute paths, in the order of their names, each once. */
  readonly files: readonly string[];
  /** Where files could be added, removed or renamed that the pattern matches; also the nearest folder above one that is not there. */
  readonly folders: readonly ScannedFolder[];
}

const ANY_DEPTH = '**';

/** @returns whether a name, without a slash, is `names` or fits it. */
export function createNameMatcher(names: string): (name: string) => boolean {
  return isPattern(names) ? compileName(names) : name => name === names;
}

/**
 * @param folder absolute, where a relative pattern starts; nothing in it is a pattern.
 * @returns what fits `pattern` now, of whatever kind. Links to folders are followed, but not by `**`, which so never goes in circles; with
 *   `**` folders are not matched. Rejects a folder that cannot be read, and more entries than `LIMITS.scanned`.
 */
export function findMatches(folder: string, pattern: string): ParsedValue<Matches> {
  const segments = pattern.split('/').filter(segment => segment !== '' && segment !== '.');
  const scan = new Scan(segments.includes(ANY_DEPTH));
  try {
    scan.enter(pattern.startsWith('/') ? '/' : folder, collapse(segments));
  } catch (error) {
    return rejectScan(error);
  }
  return accept(scan.matches);
}

/** `**` after `**` adds nothing but time; at the end it stands for every file. */
function collapse(segments: readonly string[]): readonly string[] {
  const shorter = segments.filter((segment, index) => segment !== ANY_DEPTH || segments[index - 1] !== ANY_DEPTH);
  return shorter.at(-1) === ANY_DEPTH ? [...shorter, '*'] : shorter;
}

class TooManyEntries extends Error {}

function rejectScan(error: unknown): Rejected {
  if (error instanceof TooManyEntries) {
    const what = `leads through more than ${formatLimit(LIMITS.scanned)} files and folders`;
    return reject(what, { code: 'over-limit', expected: 'fewer' });
  }
  if (!isSystemError(error)) throw error;
  const what = `leads to a folder that cannot be read (${error.code})`;
  return reject(what, { code: 'unreadable-file', expected: 'folders that the user of the gateway may read' });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

class Scan {
  readonly #files = new Set<string>();
  /** By path and names. */
  readonly #folders = new Map<string, ScannedFolder>();
  readonly #skipsFolders: boolean;
  #seen = 0;

  constructor(skipsFolders: boolean) {
    this.#skipsFolders = skipsFolders;
  }

  get matches(): Matches {
    return { files: [...this.#files], folders: [...this.#folders.values()] };
  }

  /** Follows `segments` from `folder`, which may be none. */
  enter(folder: string, [segment = '', ...rest]: readonly string[]): void {
    if (segment === '..') this.enter(resolve(folder, '..'), rest);
    else this.#follow(folder, segment, rest);
  }

  #follow(folder: string, segment: string, rest: readonly string[]): void {
    this.#folders.set(`${folder}\n${segment}`, { path: folder, names: segment });
    if (segment === ANY_DEPTH) this.#enterEach(folder, rest);
    else if (isPattern(segment)) this.#matchNames(folder, segment, rest);
    else if (rest.length > 0) this.enter(join(folder, segment), rest);
    else if (lstatSync(join(folder, segment), { throwIfNoEntry: false })) this.#files.add(join(folder, segment));
  }

  #enterEach(folder: string, rest: readonly string[]): void {
    this.enter(folder, rest);
    for (const entry of this.#read(folder)) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        this.enter(join(folder, entry.name), [ANY_DEPTH, ...rest]);
    }
  }

  #matchNames(folder: string, segment: string, rest: readonly string[]): void {
    const matches = createNameMatcher(segment);
    for (const entry of this.#read(folder)) {
      if (!matches(entry.name)) continue;
      const path = join(folder, entry.name);
      if (rest.length > 0) {
        if (isFolder(path)) this.enter(path, rest);
      } else if (!this.#skipsFolders || !entry.isDirectory()) this.#files.add(path);
    }
  }

  /** @returns the entries of `folder` by name; none where it is no folder, or not there. */
  #read(folder: string): readonly Dirent[] {
    const entries = readFolder(folder);
    this.#seen += 1 + entries.length;
    if (this.#seen > LIMITS.scanned) throw new TooManyEntries();
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function readFolder(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}

/** A link that leads nowhere, or in a circle, is none. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
