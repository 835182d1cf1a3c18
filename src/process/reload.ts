/** Reloads, one after the other. All that can fail comes before the swap: a bad file leaves the old configuration serving. */

import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import { formatProblem } from '../config/diagnostic.ts';
import { LoaderFailure, type Loading, loadInThread } from '../config/loading/loader.ts';
import { type ConfigPieces, fromPieces } from '../config/loading/pieces.ts';
import { type FileWatch, watchConfig } from '../config/source/watch.ts';
import { listTokenChanges, UPSTREAM_TOKENS } from '../config/values/upstream-token.ts';
import type { Log } from '../telemetry/log/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { Slices } from '../time-slices.ts';
import { type Beginning, type Environment, logLoaded } from './gateway-process.ts';

/** A configuration that was loaded, also in the pieces in which it can be handed on, and what the lint warns of in it. */
export interface Loaded extends Pick<Beginning, 'config' | 'warnings'> {
  readonly pieces: ConfigPieces;
}

/** Puts a configuration to use, everywhere or nowhere. @returns whether it serves now. */
export type Apply = (next: Loaded) => Promise<boolean>;

export class Reloads {
  readonly #file: string;
  readonly #environment: Environment;
  readonly #telemetry: Telemetry;
  readonly #apply: Apply;
  /** With which the listeners were opened. */
  readonly #first: Config;
  /** What serves. */
  #serving: Config;
  /** What was read last, good or bad: it is not tried again for a touch, nor for each look at the file. */
  #lastRead: string;
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;
  #watch: FileWatch | undefined;

  constructor({ config, environment }: Beginning, telemetry: Telemetry, apply: Apply) {
    this.#file = config.source.file;
    this.#environment = environment;
    this.#telemetry = telemetry;
    this.#apply = apply;
    this.#first = config;
    this.#serving = config;
    this.#lastRead = config.source.hash;
  }

  /** From now on a file that holds something else is loaded by itself. */
  watch(): void {
    this.#watch = watchConfig(this.#file, () => this.#inTurn(() => this.#load(this.#isChanged)));
  }

  /** No reload begins after this, and of one under way nothing is told: it comes to nothing since the process ends. */
  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  /** Loads the file in its turn, changed or not: files that it names may have. */
  reload(): void {
    this.#inTurn(() => this.#load());
  }

  #inTurn(reload: () => Promise<void>): void {
    this.#turn = this.#turn.then(() => (this.#isClosed ? undefined : reload()));
  }

  /** A file that is not there is about to be: that is how some editors save. */
  readonly #isChanged = (fingerprint: string, isReadable: boolean): boolean =>
    fingerprint !== this.#lastRead && (isReadable || existsSync(this.#file));

  async #load(isWanted: (fingerprint: string, isReadable: boolean) => boolean = () => true): Promise<void> {
    const loading = await this.#loadInThread((fingerprint, isReadable) => {
      if (!isWanted(fingerprint, isReadable)) return false;
      this.#lastRead = fingerprint;
      return true;
    });
    if (this.#isClosed) return;
    if (loading?.kind === 'loaded') await this.#use(loading);
    else if (loading) this.#fail(loading.problems);
  }

  /** Whatever becomes of the thread, the old configuration goes on serving. */
  async #loadInThread(isWanted: (fingerprint: string, isReadable: boolean) => boolean) {
    try {
      const loading = await loadInThread({ file: this.#file, environment: this.#environment }, isWanted);
      return loading?.kind === 'failed'
        ? { kind: 'failed' as const, problems: loading.problems.map(formatProblem) }
        : loading;
    } catch (failure) {
      const problem = failure instanceof LoaderFailure ? failure.message : 'the thread that loads it failed';
      return { kind: 'failed' as const, problems: [problem] };
    }
  }

  async #use({ pieces, warnings }: Extract<Loading, { kind: 'loaded' }>): Promise<void> {
    const config = await fromPieces(pieces, new Slices().pause);
    const isInUse = await this.#apply({ config, warnings, pieces }).catch(() => false);
    if (!isInUse) return this.#fail(['the configuration could not be put to use']);
    this.#telemetry.metrics.recordReload('success');
    logLoaded(this.#telemetry.log, config, warnings);
    logTokenChanges(this.#telemetry.log, this.#serving, config);
    this.#serving = config;
    const settings = listFixed(this.#first, config);
    if (settings.length > 0) this.#telemetry.log.event('warn', 'a restart is needed for what changed', { settings });
  }

  #fail(problems: readonly string[]): void {
    if (this.#isClosed) return;
    this.#telemetry.metrics.recordReload('failure');
    this.#telemetry.log.event('error', 'reload failed', { problems });
  }
}

const MOST_NAMES = 20;

/** Tells where Authorization reaches the upstream no more, or from now on, because a route climbed. */
function logTokenChanges(log: Log, before: Config, after: Config): void {
  const changes = listTokenChanges(before, after);
  for (const becomes of UPSTREAM_TOKENS) {
    const routes = changes.filter(change => change.becomes === becomes).map(({ route }) => route);
    if (routes.length === 0) continue;
    const fields = { upstream_token: becomes, routes: routes.slice(0, MOST_NAMES), count: routes.length };
    log.event('warn', 'the default of upstream_token changed with the enforcement of these routes', fields);
  }
}

/** @returns the settings that only a new process takes, of those that differ. */
function listFixed(first: Config, next: Config): readonly string[] {
  const settings = (['listen', 'admin', 'workers'] as const).filter(
    name => !isDeepStrictEqual(first[name], next[name]),
  );
  return first.limits.headers === next.limits.headers ? settings : [...settings, 'limits.headers'];
}
