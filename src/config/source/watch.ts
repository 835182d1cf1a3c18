/**
 * Watches files for changes: a configuration, and what it names. The watches are on folders, since editors write a new file and
 * rename it over the old one, and Kubernetes renames the link `..data` that leads to the file. What else is written there causes no
 * read. Network file systems may send no events: there the file is also polled every few seconds.
 */

import { type FSWatcher, unwatchFile, watch, watchFile } from 'node:fs';
import { resolve } from 'node:path';
import { createNameMatcher, type ScannedFolder } from './pattern.ts';
import type { ReferencedFile } from './referenced-files.ts';
import { listPlaces } from './watched-places.ts';

export interface FileWatch {
  /** Watches these files, too, and what patterns among them match, and no longer others that were given before. */
  alsoWatch(files: readonly ReferencedFile[]): void;
  close(): void;
}

/** One save is several events: it counts as complete when none has come for this many milliseconds. */
const SETTLE_TIME = 250;
const POLL_INTERVAL = 5_000;

/** @param onChange called once after each save; the content may be the same as before. */
export function watchConfig(file: string, onChange: () => void): FileWatch {
  return new ConfigWatch(resolve(file), onChange);
}

class ConfigWatch implements FileWatch {
  /** Absolute paths; folders of patterns, too, since they are polled alike. */
  #files: readonly string[];
  #folders: readonly ScannedFolder[] = [];
  readonly #onChange: () => void;
  /** On the folder of each file, and on those of the links that lead to it. */
  readonly #watchers: FSWatcher[] = [];
  readonly #onPoll = () => this.#schedule();
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string, onChange: () => void) {
    this.#files = [file];
    this.#onChange = onChange;
    this.#poll(file);
    this.#watchFolders();
  }

  alsoWatch(files: readonly ReferencedFile[]): void {
    const [first = '', ...before] = this.#files;
    this.#folders = files.flatMap(({ scan }) => scan?.folders ?? []);
    const paths = [...files.filter(({ scan }) => !scan), ...this.#folders].map(({ path }) => path);
    const wanted = new Set(paths.filter(path => path !== first));
    for (const file of before) if (!wanted.has(file)) unwatchFile(file, this.#onPoll);
    for (const file of wanted) if (!before.includes(file)) this.#poll(file);
    this.#files = [first, ...wanted];
    this.#watchFolders();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const file of this.#files) unwatchFile(file, this.#onPoll);
    this.#unwatch();
  }

  /** Calls `onChange` once no further change has come for `SETTLE_TIME`. */
  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#watchFolders();
      this.#onChange();
    }, SETTLE_TIME).unref();
  }

  /** Called again after each change, since links may lead elsewhere. */
  #watchFolders(): void {
    this.#unwatch();
    const folders = new Map<string, Set<string>>();
    const links = new Map<string, string | undefined>();
    for (const { folder, name } of this.#files.flatMap(file => listPlaces(file, links))) {
      const names = folders.get(folder) ?? new Set();
      folders.set(folder, names.add(name));
    }
    for (const [folder, names] of folders) this.#watch(folder, name => names.has(name));
    for (const { path, names } of this.#folders) this.#watch(path, createNameMatcher(names));
  }

  #poll(file: string): void {
    watchFile(file, { interval: POLL_INTERVAL, persistent: false }, this.#onPoll);
  }

  #watch(folder: string, isWanted: (name: string) => boolean): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || isWanted(name)) this.#schedule();
      });
      this.#watchers.push(watcher.on('error', () => watcher.close()));
    } catch {
      // The system has no watch left; the file is still polled.
    }
  }

  #unwatch(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }
}
