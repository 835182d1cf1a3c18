/** The latest denials, for the status page: with request id, host, path and client, which metrics do not have. */

import type { PresentedAudience } from '../../authorization/audience.ts';
import type { Reason } from '../../denial.ts';
import { type Action, actionOf, type FinishedRequest, NO_ROUTE } from '../finished-request.ts';
import { clientIdOf, cut } from './client-denials.ts';

/** One denial, refused or only reported. It has no token, no query, and no claim but issuer and client. */
export interface RecentDenial {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly requestId: string;
  /** The id of the route, or `(none)`. */
  readonly route: string;
  readonly reason: Reason;
  readonly action: Action;
  readonly status: number;
  readonly method: string;
  /** As sent; empty where it was missing or not valid. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** For a wrong audience: which resource the token was for, as the label `presented` in the metrics. */
  readonly presented?: PresentedAudience | undefined;
  /** Issuer and client are set where the token verified. */
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
}

/** How many are kept by each process, and in the merged list of several. */
export const MOST_DENIALS = 200;

/** A ring buffer: the newest denial overwrites the oldest. */
export class RecentDenials {
  readonly #ring: RecentDenial[] = [];
  #next = 0;

  /** Keeps the denial of `request`, where it has one. */
  record(request: FinishedRequest): void {
    if (!request.denial) return;
    this.#ring[this.#next] = describeDenial(request, request.denial);
    this.#next = (this.#next + 1) % MOST_DENIALS;
  }

  /** @returns the denials that are kept, newest first. */
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
    route: request.route?.id ?? NO_ROUTE,
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
