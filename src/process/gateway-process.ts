/** What `audgate serve` starts: one process that serves by itself (SingleProcess), or the primary of several workers (Primary). */

import type { Config } from '../config/config.ts';
import { type Diagnostic, formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import type { Log } from '../telemetry/log/log.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface StartOptions {
  readonly config: Config;
  /** Lint warnings for `config`. */
  readonly warnings: readonly Diagnostic[];
  readonly environment: Environment;
  readonly version: string;
  /** The version of Node.js. */
  readonly node: string;
}

export interface GatewayProcess {
  readonly log: Log;
  /**
   * Opens the listeners, then watches the configuration file.
   *
   * @throws where an address cannot be listened on.
   */
  start(): Promise<void>;
  /**
   * Reads the configuration again, also where the file has not changed, then fetches the keys of every issuer, whatever the
   * cooldown, also where the configuration is bad. Settles when that has ended, and never rejects.
   */
  reload(): Promise<void>;
  /** Finishes the requests that were accepted. Settles when everything is closed and every line of the log is written. */
  drain(signal: string): Promise<void>;
}

/** Logs that a configuration is in use from now on, with its lint warnings. */
export function logConfigLoaded(log: Log, { source, routes, issuers }: Config, warnings: readonly Diagnostic[]): void {
  const files = source.files.map(({ path, state }) => ({ path, state }));
  const read = { file: source.file, hash: source.hash, included: source.included, files };
  log.event('info', 'configuration loaded', { ...read, routes: routes.length, issuers: issuers.size });
  for (const warning of warnings) log.event('warn', 'configuration warning', { warning: formatDiagnostic(warning) });
}
