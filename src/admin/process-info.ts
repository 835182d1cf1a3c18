/** What the process that serves the page knows by itself. */

import type { Config } from '../config/config.ts';
import type { Diagnostic } from '../config/diagnostics/diagnostic.ts';

export interface ProcessInfo {
  readonly version: string;
  readonly startedAt: Date;
  readonly config: Config;
  readonly loadedAt: Date;
  /** Of the lint, for the configuration in use. */
  readonly warnings: readonly Diagnostic[];
}
