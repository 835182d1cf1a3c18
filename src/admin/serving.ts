/** What the process that serves the page knows by itself. */

import type { Config } from '../config/config.ts';
import type { Problem } from '../config/problem.ts';

export interface Serving {
  readonly version: string;
  readonly startedAt: Date;
  readonly config: Config;
  readonly loadedAt: Date;
  /** Of the lint, for the configuration in use. */
  readonly warnings: readonly Problem[];
}

/** Whether requests should be sent to this process: what `/readyz` answers and the page says first. */
export interface Readiness {
  readonly ready: boolean;
  /** Issuers without a key. */
  readonly waitingFor: readonly string[];
  readonly draining: boolean;
  /** Workers that do not serve, or did not answer. */
  readonly missingWorkers?: number;
}
