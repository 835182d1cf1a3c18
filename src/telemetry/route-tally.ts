/** What is counted of one route at every request, as plain numbers: they become labelled series when they are scraped. */

import { Distribution } from './distribution.ts';
import type { FinishedRequest } from './finished-request.ts';
import { methodLabel } from './method-label.ts';

export class RouteTally {
  readonly duration = new Distribution();
  readonly upstreamDuration = new Distribution();
  /** By method and status, with a space between them. */
  readonly #requests = new Map<string, number>();

  record({ method, status, durationMs, upstreamMs }: FinishedRequest): void {
    const key = `${methodLabel(method)} ${status}`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    this.duration.observe(durationMs);
    if (upstreamMs !== undefined) this.upstreamDuration.observe(upstreamMs);
  }

  /** @returns how many requests there were of each method and status. */
  requests(): readonly { readonly method: string; readonly status: string; readonly count: number }[] {
    return Array.from(this.#requests, ([key, count]) => {
      const [method = '', status = ''] = key.split(' ');
      return { method, status, count };
    });
  }
}
