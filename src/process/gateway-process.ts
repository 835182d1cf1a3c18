/** What a process that serves is to the one who started it, and what it starts with. */

import type { Config } from '../config/config.ts';
import { formatProblem, type Problem } from '../config/diagnostic.ts';
import type { Log } from '../telemetry/log/log.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Beginning {
  readonly config: Config;
  readonly warnings: readonly Problem[];
  readonly environment: Environment;
  readonly version: string;
  /** Of Node.js. */
  readonly node: string;
}

export interface Serving {
  readonly log: Log;
  /**
   * Opens the listeners. From then on the configuration file is watched.
   *
   * @throws where an address cannot be listened on.
   */
  start(): Promise<void>;
  /** Reads the configuration again, changed or not. */
  reload(): void;
  /** Finishes what was accepted. Settles when all is closed and every line of the log is out. */
  drain(signal: string): Promise<void>;
}

/** Tells of a configuration that serves from now on. */
export function logLoaded(log: Log, { source, routes, issuers }: Config, warnings: readonly Problem[]): void {
  log.event('info', 'configuration loaded', { ...source, routes: routes.length, issuers: issuers.size });
  for (const warning of warnings) log.event('warn', 'configuration warning', { warning: formatProblem(warning) });
}
