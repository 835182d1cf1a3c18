/** The access log of a peer: a line for each request into a file, as the gateway writes one. */

import { truncateSync, writeFileSync } from 'node:fs';

export interface AccessLog {
  readonly file: string;
  /** Called between cells, so that the disk does not fill. A peer that does not append leaves a hole behind it, which takes no space. */
  readonly truncate: () => void;
}

/** Creates the file, so that a peer which changes its user may write it. */
export function createLog(file: string): AccessLog {
  writeFileSync(file, '', { mode: 0o666 });
  return { file, truncate: () => truncateSync(file) };
}
