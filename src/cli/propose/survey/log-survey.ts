/** Reads an access log, line by line: what its callers need, and what nothing can give them. */

import type { Config } from '../../../config/config.ts';
import type { LogEntry } from '../../simulate/log/log-entry.ts';
import { type ChangeGroup, ChangeGroups } from '../../simulate/replay/change-groups.ts';
import { countLines, type LineCounts } from '../../simulate/replay/counted-lines.ts';
import type { UnknownCause } from '../../simulate/replay/unknown.ts';
import { EntryJudge } from './entry-judge.ts';
import { type Need, NeedGroups } from './need-groups.ts';
import { Sightings } from './sightings.ts';

export interface Survey extends LineCounts {
  /** Those that were let in come with what the proposal is for; the others are what it must not let in. */
  readonly needs: readonly Need[];
  /** By route: requests that are in none of `needs`, since there were more than are kept. */
  readonly uncounted: ReadonlyMap<string, number>;
  /** Requests that were let in and will be refused for a reason that nothing excuses. */
  readonly refused: readonly ChangeGroup[];
  /** Whether there were more of `refused` than are kept one by one. */
  readonly isRefusedCut: boolean;
  readonly sightings: Sightings;
}

/** Settles at the end of the log; rejects where it cannot be read. @param config in use when the log was recorded. */
export async function surveyLog(pieces: AsyncIterable<Uint8Array>, config: Config): Promise<Survey> {
  const surveyor = new Surveyor(config);
  const counts = await countLines(pieces, entry => surveyor.add(entry));
  return { ...counts, ...surveyor.finish() };
}

class Surveyor {
  readonly #judge: EntryJudge;
  readonly #needs = new NeedGroups();
  readonly #refused: ChangeGroups;
  readonly #sightings = new Sightings();

  constructor(config: Config) {
    this.#judge = new EntryJudge(config);
    this.#refused = new ChangeGroups(new Set(config.routes.map(({ id }) => id)));
  }

  /** @returns why the log does not hold what the entry needs. */
  add(entry: LogEntry): UnknownCause | undefined {
    const judged = this.#judge.judge(entry);
    const isDemand = judged !== 'kept' && 'demand' in judged;
    this.#sightings.add(entry, isDemand ? judged.demand.route.id : entry.route);
    if (judged !== 'kept' && 'unknown' in judged) return judged.unknown;
    if (isDemand) this.#needs.add(entry, judged.demand);
    else if (judged !== 'kept') this.#refused.add(entry, judged.refused);
    return undefined;
  }

  finish(): Omit<Survey, keyof LineCounts> {
    return {
      ...{ needs: this.#needs.list(), uncounted: this.#needs.rest },
      ...{ refused: this.#refused.list(), isRefusedCut: this.#refused.isCut },
      sightings: this.#sightings,
    };
  }
}
