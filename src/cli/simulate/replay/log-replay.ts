/** Replays an access log, line by line, under a configuration: what would change, and what is unknown. */

import type { Config } from '../../../config/config.ts';
import type { TokenChange } from '../../../config/upstream-token-changes.ts';
import type { LogEntry } from '../log/log-entry.ts';
import { type ChangeGroup, ChangeGroups } from './change-groups.ts';
import { type ChangeKind, compare } from './comparison.ts';
import { countLines, type LineCounts } from './counted-lines.ts';
import { DecisionReplay } from './decision-replay.ts';
import { type LapsedException, LapsedExceptions } from './lapsed-exceptions.ts';
import type { UnknownCause } from './unknown.ts';
import { UpstreamTokenChanges } from './upstream-token-changes.ts';

/** `decided` = `unchanged` + all of `changed`. */
export interface ReplayResult extends LineCounts {
  readonly unchanged: number;
  readonly changed: Readonly<Record<ChangeKind, number>>;
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
  const counts = await countLines(pieces, entry => counter.add(entry));
  return { ...counts, ...counter.finish() };
}

class ReplayCounter {
  readonly #decisions: DecisionReplay;
  readonly #groups: ChangeGroups;
  readonly #upstreamTokens: UpstreamTokenChanges;
  readonly #lapsed = new LapsedExceptions(Date.now());
  readonly #changed = { would_break: 0, would_open: 0, newly_reported: 0, no_longer_reported: 0, otherwise: 0 };
  #unchanged = 0;

  constructor({ now, from }: Configurations) {
    this.#decisions = new DecisionReplay(now, from);
    this.#upstreamTokens = new UpstreamTokenChanges(now, from);
    this.#groups = new ChangeGroups(new Set(now.routes.map(({ id }) => id)));
  }

  /** @returns why the log does not hold what the decision on the entry needs. */
  add(entry: LogEntry): UnknownCause | undefined {
    this.#upstreamTokens.add(entry);
    const decisions = this.#decisions.decide(entry);
    const [first] = typeof decisions === 'object' && !('unknown' in decisions) ? decisions : [];
    if (first) this.#lapsed.add(first);
    const result = compare(entry, decisions);
    if (result === 'unchanged') this.#unchanged += 1;
    else if ('unknown' in result) return result.unknown;
    else {
      this.#changed[result.kind] += 1;
      this.#groups.add(entry, result);
    }
    return undefined;
  }

  finish(): Omit<ReplayResult, keyof LineCounts> {
    return {
      unchanged: this.#unchanged,
      changed: this.#changed,
      groups: this.#groups.list(),
      isCut: this.#groups.isCut,
      upstreamTokenChanges: this.#upstreamTokens.list(),
      lapsedExceptions: this.#lapsed.list(),
    };
  }
}
