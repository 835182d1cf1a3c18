/** Where a configuration comes from. */

import type { FilePlace } from './document.ts';
import type { ReferencedFile } from './referenced-files.ts';

/** What the configuration was read from. */
export interface ConfigSource {
  readonly file: string;
  /** SHA-256 of its bytes, in hex. */
  readonly hash: string;
  /** Files of routes, as a person would type their names, with the hash of each. */
  readonly included: readonly IncludedSource[];
  /** By the keys of the routes: the file of each, and where in it the key stands. */
  readonly routePlaces: ReadonlyMap<string, FilePlace>;
  /** All that these files name, and the included ones, whose change loads the configuration again. */
  readonly files: readonly ReferencedFile[];
}

export interface IncludedSource {
  readonly file: string;
  readonly hash: string;
}
