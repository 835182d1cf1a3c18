/**
 * Reloads of the configuration, one at a time. Everything that can fail is done before the new configuration is used: where
 * the file is bad, the old configuration stays in use.
 */

import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import { formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { type IsWanted, LoaderFailure, loadInThread, type ThreadResult } from '../config/loader/loader.ts';
import { type ConfigPieces, fromPieces } from '../config/loader/pieces.ts';
import { type ReferencedFile, withoutRepeats } from '../config/source/referenced-files.ts';
import { type FileWatch, watchConfig } from '../config/source/watch.ts';
import { listTokenChanges } from '../config/upstream-token-changes.ts';
import { UPSTREAM_TOKENS } from '../config/values/upstream-token.ts';
import type { Log } from '../telemetry/log/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { Slices } from '../time-slices.ts';
import { type Environment, logConfigLoaded, type StartOptions } from './gateway-process.ts';

/** A configuration with its lint warnings; `pieces` is the same configuration in the form that is sent to workers. */
export interface LoadedConfig extends Pick<StartOptions, 'config' | 'warnings'> {
  readonly pieces: ConfigPieces;
}

/** Takes a configuration into use, in every process or in none. @returns whether it is in use now. */
export type ApplyConfig = (next: LoadedConfig) => Promise<boolean>;

export class Reloader {
  readonly #file: string;
  readonly #environment: Environment;
  readonly #telemetry: Telemetry;
  readonly #apply: ApplyConfig;
  /** The configuration that the process was started with: its listeners are open under these settings. */
  readonly #startConfig: Config;
  #current: Config;
  /** Fingerprint of what was read last, good or bad, so that unchanged files are not loaded again when they are touched. */
  #lastRead: string;
  /** That the configurations which were read last name: the one in use, and one that could not be used. */
  #files: readonly ReferencedFile[];
  #queue: Promise<void> = Promise.resolve();
  #isClosed = false;
  #watch: FileWatch | undefined;

  constructor({ config, environment }: StartOptions, telemetry: Telemetry, apply: ApplyConfig) {
    this.#file = config.source.file;
    this.#environment = environment;
    this.#telemetry = telemetry;
    this.#apply = apply;
    this.#startConfig = config;
    this.#current = config;
    this.#files = config.source.files;
    this.#lastRead = config.source.hash;
  }

  /** Reloads from now on whenever the content of a watched file has changed. */
  watch(): void {
    this.#watch = watchConfig(this.#file, () => this.#enqueue(() => this.#load(this.#isChanged)));
    this.#watch.alsoWatch(this.#files);
  }

  /** Starts no further reload. One that is under way changes nothing any more and is not logged. */
  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  /**
   * Reloads, after earlier reloads have ended. Also if the file has not changed: a file that it names may have. Settles when it
   * has ended, well or not.
   */
  reload(): Promise<void> {
    return this.#enqueue(() => this.#load());
  }

  #enqueue(reload: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(() => (this.#isClosed ? undefined : reload()));
    return this.#queue;
  }

  /** While some editors save, the file does not exist for a moment: that is not a change yet. */
  readonly #isChanged: IsWanted = (fingerprint, isReadable, files) =>
    (fingerprint !== this.#lastRead || !isDeepStrictEqual(files, this.#files)) &&
    (isReadable || existsSync(this.#file));

  async #load(isWanted: IsWanted = () => true): Promise<void> {
    const loading = await this.#loadInThread((fingerprint, isReadable, files) => {
      if (!isWanted(fingerprint, isReadable, files)) return false;
      this.#lastRead = fingerprint;
      this.#files = files;
      return true;
    });
    if (this.#isClosed) return;
    if (loading?.kind === 'loaded') await this.#use(loading);
    else if (loading) this.#fail(loading.problems);
  }

  /** Never rejects: where the thread itself fails, that is the problem of this reload. */
  async #loadInThread(isWanted: IsWanted) {
    try {
      const request = { file: this.#file, environment: this.#environment, files: this.#files };
      const loading = await loadInThread(request, isWanted);
      if (loading?.kind !== 'failed') return loading;
      this.#watchFiles([...this.#current.source.files, ...loading.files]);
      return { kind: 'failed' as const, problems: loading.diagnostics.map(formatDiagnostic) };
    } catch (failure) {
      const problem = failure instanceof LoaderFailure ? failure.message : 'the thread that loads it failed';
      return { kind: 'failed' as const, problems: [problem] };
    }
  }

  async #use({ pieces, warnings }: Extract<ThreadResult, { kind: 'loaded' }>): Promise<void> {
    const config = await fromPieces(pieces, new Slices().pause);
    this.#watchFiles(config.source.files);
    const isInUse = await this.#apply({ config, warnings, pieces }).catch(() => false);
    if (!isInUse) return this.#fail(['the configuration could not be put to use']);
    this.#telemetry.metrics.recordReload('success');
    logConfigLoaded(this.#telemetry.log, config, warnings);
    logTokenChanges(this.#telemetry.log, this.#current, config);
    this.#current = config;
    const settings = listRestartSettings(this.#startConfig, config);
    if (settings.length > 0) this.#telemetry.log.event('warn', 'a restart is needed for what changed', { settings });
  }

  /** @param files as they were when the load read them, so that a later change is noticed. */
  #watchFiles(files: readonly ReferencedFile[]): void {
    this.#files = withoutRepeats(files);
    this.#watch?.alsoWatch(this.#files);
  }

  #fail(problems: readonly string[]): void {
    if (this.#isClosed) return;
    this.#telemetry.metrics.recordReload('failure');
    this.#telemetry.log.event('error', 'reload failed', { problems });
  }
}

const MOST_NAMES = 20;

/** Logs on which routes Authorization is no longer forwarded, or is from now on, because their enforcement mode changed. */
function logTokenChanges(log: Log, before: Config, after: Config): void {
  const changes = listTokenChanges(before, after);
  for (const becomes of UPSTREAM_TOKENS) {
    const routes = changes.filter(change => change.becomes === becomes).map(({ route }) => route);
    if (routes.length === 0) continue;
    const fields = { upstream_token: becomes, routes: routes.slice(0, MOST_NAMES), count: routes.length };
    log.event('warn', 'the default of upstream_token changed with the enforcement of these routes', fields);
  }
}

/** @returns the settings that differ and that only a restart changes. */
function listRestartSettings(atStart: Config, next: Config): readonly string[] {
  const settings = (['listen', 'admin', 'workers'] as const).filter(
    name => !isDeepStrictEqual(atStart[name], next[name]),
  );
  const isMoved = !isDeepStrictEqual(atStart.authorizer?.listen, next.authorizer?.listen);
  return [
    ...settings,
    ...(isMoved ? ['authorizer'] : []),
    ...(atStart.limits.headers === next.limits.headers ? [] : ['limits.headers']),
  ];
}
