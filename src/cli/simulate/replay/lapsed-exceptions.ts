/** Requests that an exception excused at their own time, and would not now: it has lapsed since. */

import type { Exception } from '../../../config/exceptions/exception.ts';
import type { ReplayedDecision } from './decision-replay.ts';

/** An exception that has lapsed, with the number of requests that needed it. */
export interface LapsedException {
  readonly route: string;
  readonly exception: Exception;
  count: number;
}

export class LapsedExceptions {
  readonly #now: number;
  readonly #lapsed = new Map<Exception, LapsedException>();

  /** @param now milliseconds since 1970. */
  constructor(now: number) {
    this.#now = now;
  }

  /** Counts one request. Of a mode that only reports what is excused, it needs no exception. */
  add({ outcome, route, excused }: ReplayedDecision): void {
    if (outcome !== 'reported' || !route || route.public || route.enforcement !== 'enforce') return;
    for (const exception of new Set(excused.map(each => each.exception))) {
      if (exception.lapsesAt > this.#now) continue;
      const known = this.#lapsed.get(exception);
      if (known) known.count += 1;
      else this.#lapsed.set(exception, { route: route.id, exception, count: 1 });
    }
  }

  /** @returns them, the one with the most requests in front. */
  list(): readonly LapsedException[] {
    return [...this.#lapsed.values()].sort((a, b) => b.count - a.count);
  }
}
