/** What is counted of one route at every request, as plain numbers: they become labelled series when they are scraped. */

import { Distribution } from './distribution.ts';
import type { FinishedRequest } from './finished-request.ts';
import { methodLabel } from './method-label.ts';

export class RouteTally {
  readonly duration = new Distribution();
  readonly upstreamDuration = new Distribution();
  /** By method, then by status. */
  readonly #requests = new Map<string, Map<number, number>>();

  record({ method, status, durationMs, upstreamMs }: FinishedRequest): void {
    const counts = this.#countsOf(methodLabel(method));
    counts.set(status, (counts.get(status) ?? 0) + 1);
    this.duration.observe(durationMs);
    if (upstreamMs !== undefined) this.upstreamDuration.observe(upstreamMs);
  }

  /** @returns how many requests there were of each method and status. */
  requests(): readonly { readonly method: string; readonly status: number; readonly count: number }[] {
    return [...this.#requests].flatMap(([method, counts]) =>
      Array.from(counts, ([status, count]) => ({ method, status, count })),
    );
  }

  #countsOf(method: string): Map<number, number> {
    const known = this.#requests.get(method);
    if (known) return known;
    const counts = new Map<number, number>();
    this.#requests.set(method, counts);
    return counts;
  }
}
