/** Reads an access log, line by line: what its callers need, and what nothing can give them. */

import type { Config } from '../../../config/config.ts';
import { readLines } from '../../simulate/log/line-splitter.ts';
import type { LogEntry } from '../../simulate/log/log-entry.ts';
import { StoredLines } from '../../simulate/log/stored-lines.ts';
import { type ChangeGroup, ChangeGroups } from '../../simulate/replay/change-groups.ts';
import type { UnknownCause } from '../../simulate/replay/unknown.ts';
import { EntryJudge } from './entry-judge.ts';
import { type Need, NeedGroups } from './need-groups.ts';
import { Sightings } from './sightings.ts';

/** `lines` = `judged` + all of `unknown` + `skipped` + `broken`. */
export interface Survey {
  readonly lines: number;
  readonly judged: number;
  readonly skipped: number;
  readonly broken: number;
  readonly unknown: ReadonlyMap<UnknownCause, number>;
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
  await readLines(pieces, { line: text => surveyor.addLine(text), tooLong: () => surveyor.addBroken() });
  return surveyor.finish();
}

class Surveyor {
  readonly #stored = new StoredLines();
  readonly #judge: EntryJudge;
  readonly #needs = new NeedGroups();
  readonly #refused: ChangeGroups;
  readonly #sightings = new Sightings();
  readonly #unknown = new Map<UnknownCause, number>();
  #lines = 0;
  #judged = 0;
  #skipped = 0;
  #broken = 0;

  constructor(config: Config) {
    this.#judge = new EntryJudge(config);
    this.#refused = new ChangeGroups(new Set(config.routes.map(({ id }) => id)));
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
    const judged = this.#judge.judge(entry);
    const isDemand = judged !== 'kept' && 'demand' in judged;
    this.#sightings.add(entry, isDemand ? judged.demand.route.id : entry.route);
    if (judged !== 'kept' && 'unknown' in judged) this.#addUnknown(judged.unknown);
    else {
      this.#judged += 1;
      if (isDemand) this.#needs.add(entry, judged.demand);
      else if (judged !== 'kept') this.#refused.add(entry, judged.refused);
    }
  }

  #addUnknown(cause: UnknownCause): void {
    this.#unknown.set(cause, (this.#unknown.get(cause) ?? 0) + 1);
  }

  finish(): Survey {
    for (let left = this.#stored.unfinished; left > 0; left -= 1) this.addBroken();
    return {
      ...{ lines: this.#lines, judged: this.#judged, skipped: this.#skipped, broken: this.#broken },
      unknown: this.#unknown,
      ...{ needs: this.#needs.list(), uncounted: this.#needs.rest },
      ...{ refused: this.#refused.list(), isRefusedCut: this.#refused.isCut },
      sightings: this.#sightings,
    };
  }
}
