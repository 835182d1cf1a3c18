/** What the status page shows of the process and of its configuration. */

import type { Config } from '../config/config.ts';
import type { Diagnostic } from '../config/diagnostics/diagnostic.ts';

export interface ProcessInfo {
  readonly version: string;
  readonly startedAt: Date;
  /** The configuration in use. */
  readonly config: Config;
  readonly loadedAt: Date;
  /** Lint warnings for `config`. */
  readonly warnings: readonly Diagnostic[];
}
