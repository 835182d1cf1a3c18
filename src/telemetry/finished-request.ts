/** What is told of a request, once, when its response has closed. No token, cookie or query string has a place in it. */

import type { PresentedAudience } from '../authorization/audience.ts';
import type { Route } from '../config/config.ts';
import type { Failure, Outcome, Reason } from '../denial.ts';
import type { AccessToken } from '../token/access-token.ts';

export interface FinishedRequest {
  readonly requestId: string;
  /** `undefined`: no route was found, or none was looked for. */
  readonly route: Route | undefined;
  readonly method: string;
  /** The Host as sent, where it was valid. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** What the client was sent; 499 where it left before the head. */
  readonly status: number;
  readonly outcome: Outcome;
  /** Why it was denied, or would have been. */
  readonly denial: { readonly reason: Reason; readonly presented?: PresentedAudience | undefined } | undefined;
  /** Why it could not be carried. */
  readonly failure: Failure | undefined;
  /** The token, once it verified. */
  readonly verified: AccessToken | undefined;
  readonly durationMs: number;
  /** From dispatch to the head of the upstream's answer. */
  readonly upstreamMs: number | undefined;
}

/** What became of the denial: `forwarded` where the rung only reports it. */
export type Action = 'refused' | 'forwarded';

/** @returns the action of a finished request that had a denial. */
export function actionOf({ outcome }: Pick<FinishedRequest, 'outcome'>): Action {
  return outcome === 'denied' ? 'refused' : 'forwarded';
}
