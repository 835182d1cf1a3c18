/** All counts of a process: one tally for each route and each issuer, and one for the gateway as a whole. */

import type { CounterName, Subject } from './families.ts';
import { Tally, type TallyCounts } from './tally.ts';

/** The names in the configuration in use. */
export interface InUse {
  readonly routes: ReadonlySet<string>;
  readonly issuers: ReadonlySet<string>;
  /** Whether the confused-deputy counter of `route` can still count these label values. */
  readonly isConfusion: (route: string, values: readonly string[]) => boolean;
  /** Whether `route` has an exception of this client. */
  readonly isException: (route: string, clientId: string) => boolean;
  /** As `isConfusion`, of the counter of MCP calls. */
  readonly isMcpCall: (route: string, values: readonly string[]) => boolean;
}

/** A part of what has changed. Sent between processes as JSON, so it holds no Map, Set or Date. */
export interface Changes {
  /** The version of the counts from now on: pass it as `since` in order to get the next changes. */
  readonly version: number;
  readonly tallies: readonly TallyCounts[];
  /** Where the next part begins; `undefined` in the last part. */
  readonly next: number | undefined;
}

/** Tallies in one part. Writing so many as JSON takes about a millisecond. */
const PART = 200;

export class Counts {
  readonly #tallies: Readonly<Record<Subject, Map<string, Tally>>> = {
    route: new Map(),
    issuer: new Map(),
    gateway: new Map(),
  };
  #version = 1;
  #created = 0;

  /** @returns the tally of `name`, for counting: created if needed, and marked as changed for the next `changes`. */
  touch(subject: Subject, name: string): Tally {
    const tally = this.find(subject, name) ?? this.#create(subject, name);
    tally.changedIn = this.#version;
    return tally;
  }

  find(subject: Subject, name: string): Tally | undefined {
    return this.#tallies[subject].get(name);
  }

  list(subject: Subject): Iterable<Tally> {
    return this.#tallies[subject].values();
  }

  /** How many series a counter has. */
  size(subject: Subject, counter: CounterName): number {
    let size = 0;
    for (const tally of this.list(subject)) size += tally.size(counter);
    return size;
  }

  /**
   * Deletes tallies that are unused in two configurations in a row. One reload of grace lets Prometheus scrape the last values,
   * and lets a reload be undone without loss. Memory is bounded by two configurations.
   */
  dropUnused({ routes, issuers, isConfusion, isException, isMcpCall }: InUse): void {
    this.#dropUnused('route', routes);
    this.#dropUnused('issuer', issuers);
    for (const tally of this.list('route')) {
      tally.dropUnused('confusedDeputies', values => isConfusion(tally.name, values));
      tally.dropUnused('exceptionsUsed', ([client = '']) => isException(tally.name, client));
      tally.exceptions.dropUnused(client => isException(tally.name, client));
      tally.dropUnused('mcpCalls', values => isMcpCall(tally.name, values));
    }
  }

  /**
   * @param since the `version` of the changes that the caller has; 0 for all counts.
   * @param from where this part begins; 0 for the first part.
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

  /** Takes the counts of another process, and adds to `total` by how much they have grown since the last call. */
  mirror({ tallies }: Pick<Changes, 'tallies'>, total: Counts): void {
    for (const counts of tallies) {
      const { subject, name } = counts;
      this.touch(subject, name).mirror(counts, total.touch(subject, name));
    }
  }

  #create(subject: Subject, name: string): Tally {
    this.#created += 1;
    const tally = new Tally(subject, name, this.#created);
    this.#tallies[subject].set(name, tally);
    return tally;
  }

  #dropUnused(subject: Subject, inUse: ReadonlySet<string>): void {
    const tallies = this.#tallies[subject];
    for (const [name, tally] of tallies) {
      if (inUse.has(name)) tally.isUnused = false;
      else if (tally.isUnused) tallies.delete(name);
      else tally.isUnused = true;
    }
  }
}
