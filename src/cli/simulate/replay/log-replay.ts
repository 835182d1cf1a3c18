/** Replays an access log, line by line, under a configuration: what would change, and what is unknown. */

import type { Config } from '../../../config/config.ts';
import type { TokenChange } from '../../../config/upstream-token-changes.ts';
import { readLines } from '../log/line-splitter.ts';
import type { LogEntry } from '../log/log-entry.ts';
import { StoredLines } from '../log/stored-lines.ts';
import { type ChangeGroup, ChangeGroups } from './change-groups.ts';
import { type ChangeKind, compare } from './comparison.ts';
import { DecisionReplay } from './decision-replay.ts';
import { type LapsedException, LapsedExceptions } from './lapsed-exceptions.ts';
import type { UnknownCause } from './unknown.ts';
import { UpstreamTokenChanges } from './upstream-token-changes.ts';

/**
 * Counts of the lines that audgate wrote, however they are stored: `lines` = `decided` + all of `unknown` + `skipped` +
 * `broken`; `decided` = `unchanged` + all of `changed`.
 */
export interface ReplayResult {
  readonly lines: number;
  readonly decided: number;
  readonly unchanged: number;
  readonly changed: Readonly<Record<ChangeKind, number>>;
  /** Lines that are not entries of requests, such as `listening`. */
  readonly skipped: number;
  /** Lines that are not a JSON object, lack the fields of a request's entry, or are longer than 1 Mi characters. */
  readonly broken: number;
  readonly unknown: ReadonlyMap<UnknownCause, number>;
  /** The largest first. */
  readonly groups: readonly ChangeGroup[];
  /** Whether there were more groups than are kept one by one. */
  readonly isCut: boolean;
  /** Routes whose default of `upstream_token` changes. */
  readonly upstreamTokenChanges: readonly TokenChange[];
  /** Exceptions that requests needed at their own time, and that have lapsed since. */
  readonly lapsedExceptions: readonly LapsedException[];
}

export interface Configurations {
  readonly now: Config;
  /** The configuration in use when the log was recorded, where it is known. */
  readonly from: Config | undefined;
}

/** Decides on each entry of `pieces` under `now`. Settles at the end of the log; rejects where it cannot be read. */
export async function replayLog(
  pieces: AsyncIterable<Uint8Array>,
  configurations: Configurations,
): Promise<ReplayResult> {
  const counter = new ReplayCounter(configurations);
  await readLines(pieces, { line: text => counter.addLine(text), tooLong: () => counter.addBroken() });
  return counter.finish();
}

class ReplayCounter {
  readonly #stored = new StoredLines();
  readonly #decisions: DecisionReplay;
  readonly #groups: ChangeGroups;
  readonly #upstreamTokens: UpstreamTokenChanges;
  readonly #lapsed = new LapsedExceptions(Date.now());
  readonly #changed = { would_break: 0, would_open: 0, newly_reported: 0, no_longer_reported: 0, otherwise: 0 };
  readonly #unknown = new Map<UnknownCause, number>();
  #lines = 0;
  #unchanged = 0;
  #skipped = 0;
  #broken = 0;

  constructor({ now, from }: Configurations) {
    this.#decisions = new DecisionReplay(now, from);
    this.#upstreamTokens = new UpstreamTokenChanges(now, from);
    this.#groups = new ChangeGroups(new Set(now.routes.map(({ id }) => id)));
  }

  addLine(text: string): void {
    const entry = this.#stored.read(text);
    if (entry === undefined) return;
    this.#lines += 1;
    if (entry === 'broken') this.#broken += 1;
    else if (entry === 'incomplete') this.#addUnknown('field_omitted');
    else if (entry === 'skipped') this.#skipped += 1;
    else this.#addEntry(entry);
  }

  addBroken(): void {
    this.#lines += 1;
    this.#broken += 1;
  }

  #addEntry(entry: LogEntry): void {
    this.#upstreamTokens.add(entry);
    const decisions = this.#decisions.decide(entry);
    const [first] = typeof decisions === 'object' && !('unknown' in decisions) ? decisions : [];
    if (first) this.#lapsed.add(first);
    const result = compare(entry, decisions);
    if (result === 'unchanged') this.#unchanged += 1;
    else if ('unknown' in result) this.#addUnknown(result.unknown);
    else {
      this.#changed[result.kind] += 1;
      this.#groups.add(entry, result);
    }
  }

  #addUnknown(cause: UnknownCause): void {
    this.#unknown.set(cause, (this.#unknown.get(cause) ?? 0) + 1);
  }

  finish(): ReplayResult {
    for (let left = this.#stored.unfinished; left > 0; left -= 1) this.addBroken();
    const changes = Object.values(this.#changed).reduce((sum, number) => sum + number, 0);
    return {
      lines: this.#lines,
      decided: this.#unchanged + changes,
      unchanged: this.#unchanged,
      changed: this.#changed,
      skipped: this.#skipped,
      broken: this.#broken,
      unknown: this.#unknown,
      groups: this.#groups.list(),
      isCut: this.#groups.isCut,
      upstreamTokenChanges: this.#upstreamTokens.list(),
      lapsedExceptions: this.#lapsed.list(),
    };
  }
}
