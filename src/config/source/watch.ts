/**
 * Watches a file for changes. The watches are on folders, since editors write a new file and rename it over the old one, and
 * Kubernetes renames the link `..data` that leads to the file. Network file systems may send no events: there the file is
 * also polled every few seconds.
 */

import { type FSWatcher, realpathSync, unwatchFile, watch, watchFile } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

export interface FileWatch {
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
  readonly #file: string;
  readonly #onChange: () => void;
  /** On the folder of the file, and on that of the file which a link leads to. */
  readonly #watchers: FSWatcher[] = [];
  readonly #onPoll = () => this.#schedule();
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string, onChange: () => void) {
    this.#file = file;
    this.#onChange = onChange;
    watchFile(file, { interval: POLL_INTERVAL, persistent: false }, this.#onPoll);
    this.#watchFolders();
  }

  close(): void {
    clearTimeout(this.#timer);
    unwatchFile(this.#file, this.#onPoll);
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
    const real = findRealPath(this.#file);
    const names = new Set([basename(this.#file), basename(real)]);
    for (const folder of new Set([dirname(this.#file), dirname(real)])) this.#watch(folder, names);
  }

  #watch(folder: string, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || names.has(name) || name.startsWith('..')) this.#schedule();
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

function findRealPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
