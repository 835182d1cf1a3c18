/**
 * Tells when a file may hold something else. It is its folders that are watched: editors write a new file and rename it
 * over the old one, and Kubernetes renames the link `..data` that leads to the file. Where the system tells of nothing
 * (network file systems), a look every few seconds does.
 */

import { type FSWatcher, realpathSync, unwatchFile, watch, watchFile } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

export interface FileWatch {
  close(): void;
}

/** One save is several events: they are over when none has come for this long. */
const SETTLED = 250;
const LOOK_INTERVAL = 5_000;

/** @param onChange called once the changes of a save have settled; the content may be the same as before all the same. */
export function watchConfig(file: string, onChange: () => void): FileWatch {
  return new ConfigWatch(resolve(file), onChange);
}

class ConfigWatch implements FileWatch {
  readonly #file: string;
  readonly #onChange: () => void;
  /** Of the folder of the file, and of that of the file which a link stands for. */
  readonly #watchers: FSWatcher[] = [];
  readonly #onLook = () => this.#settle();
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string, onChange: () => void) {
    this.#file = file;
    this.#onChange = onChange;
    watchFile(file, { interval: LOOK_INTERVAL, persistent: false }, this.#onLook);
    this.#watchFolders();
  }

  close(): void {
    clearTimeout(this.#timer);
    unwatchFile(this.#file, this.#onLook);
    this.#unwatch();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#watchFolders();
      this.#onChange();
    }, SETTLED).unref();
  }

  /** Anew after each change: links may lead elsewhere now. */
  #watchFolders(): void {
    this.#unwatch();
    const real = findRealPath(this.#file);
    const names = new Set([basename(this.#file), basename(real)]);
    for (const folder of new Set([dirname(this.#file), dirname(real)])) this.#watch(folder, names);
  }

  #watch(folder: string, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || names.has(name) || name.startsWith('..')) this.#settle();
      });
      this.#watchers.push(watcher.on('error', () => watcher.close()));
    } catch {
      // The system has no watch to give; there is the look every few seconds.
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
