/** What a command uses of its process. Only main.ts touches the process itself. */

import type { Readable } from 'node:stream';

export interface CommandContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly standardInput: Readable;
  /** Whether standard output is a terminal that shows colours. */
  readonly isColoured: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Writes to standard output; adds the line end. */
  readonly write: (line: string) => void;
  /** Writes to standard error; adds the line end. */
  readonly writeError: (line: string) => void;
}
