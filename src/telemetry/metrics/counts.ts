/** Everything that a process has counted, by what it was counted for. */

import type { CounterName, Subject } from './families.ts';
import { Tally, type TallyCounts } from './tally.ts';

/** Names that the configuration in use has; what is counted for others goes. */
export interface InUse {
  readonly routes: ReadonlySet<string>;
  readonly issuers: ReadonlySet<string>;
  /** Whether tokens can still be counted as confused deputies with these label values. */
  readonly isConfusion: (route: string, values: readonly string[]) => boolean;
}

/** A part of what changed, for another process. Survives JSON. */
export interface Changes {
  /** What changes from now on has at least this version. */
  readonly version: number;
  readonly tallies: readonly TallyCounts[];
  /** Where the next part begins; `undefined`: this is the last one. */
  readonly next: number | undefined;
}

/** Tallies in one part: so many become JSON in about a millisecond. */
const PART = 200;

export class Counts {
  readonly #tallies: Readonly<Record<Subject, Map<string, Tally>>> = {
    route: new Map(),
    issuer: new Map(),
    gateway: new Map(),
  };
  #version = 1;
  #made = 0;

  /** @returns the tally of `name`, to count in: it has changed from here on. */
  change(subject: Subject, name: string): Tally {
    const tally = this.find(subject, name) ?? this.#make(subject, name);
    tally.changedIn = this.#version;
    return tally;
  }

  find(subject: Subject, name: string): Tally | undefined {
    return this.#tallies[subject].get(name);
  }

  of(subject: Subject): Iterable<Tally> {
    return this.#tallies[subject].values();
  }

  /** How many series a counter has. */
  size(subject: Subject, counter: CounterName): number {
    let size = 0;
    for (const tally of this.of(subject)) size += tally.size(counter);
    return size;
  }

  /**
   * Forgets what can count nothing any more. It stays until a second reload, so that its last counts are scraped, and so
   * that a reload which is taken back loses nothing: what is kept is bounded by two configurations, not by their number.
   */
  retain({ routes, issuers, isConfusion }: InUse): void {
    this.#retain('route', routes);
    this.#retain('issuer', issuers);
    for (const tally of this.of('route')) tally.forget('confusedDeputies', values => isConfusion(tally.name, values));
  }

  /**
   * @param since the `version` of the changes that the asker has; 0: none.
   * @param from where this part begins; 0: at the first change.
   */
  changes(since: number, from = 0, most = PART): Changes {
    if (from === 0) this.#version += 1;
    const part: Tally[] = [];
    for (const tallies of Object.values(this.#tallies)) {
      for (const tally of tallies.values()) if (tally.changedIn >= since && tally.id >= from) part.push(tally);
    }
    part.sort((a, b) => a.id - b.id);
    const tallies = part.slice(0, most).map(tally => tally.counts());
    return { version: this.#version, tallies, next: part[most]?.id };
  }

  /** Takes over the counts of another process, and gives `total` what they are more than before. */
  follow({ tallies }: Pick<Changes, 'tallies'>, total: Counts): void {
    for (const counts of tallies) {
      const { subject, name } = counts;
      this.change(subject, name).follow(counts, total.change(subject, name));
    }
  }

  #make(subject: Subject, name: string): Tally {
    this.#made += 1;
    const tally = new Tally(subject, name, this.#made);
    this.#tallies[subject].set(name, tally);
    return tally;
  }

  #retain(subject: Subject, inUse: ReadonlySet<string>): void {
    const tallies = this.#tallies[subject];
    for (const [name, tally] of tallies) {
      if (inUse.has(name)) tally.isOutOfUse = false;
      else if (tally.isOutOfUse) tallies.delete(name);
      else tally.isOutOfUse = true;
    }
  }
}
