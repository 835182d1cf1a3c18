/** The latest denials, for people who look at the status page: what the metrics cannot hold, until the next ones come. */

import type { PresentedAudience } from '../../authorization/audience.ts';
import type { Reason } from '../../denial.ts';
import { type Action, actionOf, type FinishedRequest } from '../finished-request.ts';
import { clientIdOf, cut } from './client-denials.ts';

/** One denial, refused or only reported. No token, claim value beyond who sent it, or query has a place in it. */
export interface RecentDenial {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly requestId: string;
  /** The key in the YAML, or `(none)`. */
  readonly route: string;
  readonly reason: Reason;
  readonly action: Action;
  readonly status: number;
  readonly method: string;
  /** As sent, where it was valid; else empty. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Of a wrong audience: whose token it was, as `presented` in the metrics. */
  readonly presented?: PresentedAudience | undefined;
  /** Once the token verified. */
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
}

/** How many are kept, by each process and in what several tell together. */
export const MOST_DENIALS = 200;

/** A ring: the newest takes the place of the oldest. */
export class RecentDenials {
  readonly #ring: RecentDenial[] = [];
  #next = 0;

  /** Keeps the denial of `request`; without one there is nothing to do. */
  record(request: FinishedRequest): void {
    if (!request.denial) return;
    this.#ring[this.#next] = describeDenial(request, request.denial);
    this.#next = (this.#next + 1) % MOST_DENIALS;
  }

  /** @returns what is kept, newest first. */
  list(): readonly RecentDenial[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].reverse();
  }
}

function describeDenial(
  request: FinishedRequest,
  { reason, presented }: NonNullable<FinishedRequest['denial']>,
): RecentDenial {
  return {
    at: Date.now(),
    requestId: request.requestId,
    route: request.route?.key ?? '(none)',
    reason,
    action: actionOf(request),
    status: request.status,
    method: cut(request.method),
    host: cut(request.host),
    path: cut(request.path),
    presented,
    issuer: request.verified?.issuer,
    clientId: request.verified && clientIdOf(request.verified),
  };
}
