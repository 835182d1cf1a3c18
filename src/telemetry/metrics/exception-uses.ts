/** When the exceptions of one route were last used, and how often, finer than the labels of the counter: by issuer and audience, too. */

import type { Excused } from '../../authorization/exceptions.ts';
import type { Exception } from '../../config/exceptions/exception.ts';

/** Sent between processes as JSON, so it holds no Map, Set or Date. */
export interface ExceptionUse {
  /** What of the exception tells it from the others of its client; an exception that gets another day or owner goes on. */
  readonly of: Pick<Exception, 'clientId' | 'issuer' | 'presented'>;
  readonly reason: string;
  count: number;
  /** Milliseconds since 1970. */
  lastAt: number;
}

export class ExceptionUses {
  readonly #uses = new Map<string, ExceptionUse>();

  /** @param now milliseconds since 1970. */
  record({ reason, exception }: Excused, now: number): void {
    const use = this.#find(exception, reason);
    use.count += 1;
    use.lastAt = Math.max(use.lastAt, now);
  }

  list(): readonly ExceptionUse[] {
    return [...this.#uses.values()];
  }

  /** Takes the uses of another process, and adds to `total` what has changed since the last call. */
  mirror(uses: readonly ExceptionUse[], total: ExceptionUses): void {
    for (const { of, reason, count, lastAt } of uses) {
      const before = this.#find(of, reason);
      const sum = total.#find(of, reason);
      // Fewer than before: the other process dropped it meanwhile and counts from 0 again.
      sum.count += count < before.count ? count : count - before.count;
      sum.lastAt = Math.max(sum.lastAt, lastAt);
      Object.assign(before, { count, lastAt });
    }
  }

  /** Deletes those of clients that have no exception any more. */
  dropUnused(isInUse: (clientId: string) => boolean): void {
    for (const [key, { of }] of this.#uses) if (!isInUse(of.clientId)) this.#uses.delete(key);
  }

  #find({ clientId, issuer, presented }: ExceptionUse['of'], reason: string): ExceptionUse {
    const key = JSON.stringify([clientId, issuer, presented, reason]);
    const known = this.#uses.get(key);
    if (known) return known;
    const use = { of: { clientId, issuer, presented }, reason, count: 0, lastAt: 0 };
    this.#uses.set(key, use);
    return use;
  }
}
