/** The record of a request, made once, when its response has closed. It has no token, cookie or query string. */

import type { PresentedAudience } from '../authorization/audience.ts';
import type { Excused } from '../authorization/exceptions.ts';
import type { Route } from '../config/config.ts';
import type { Failure, Outcome, Reason } from '../denial.ts';
import type { AccessToken } from '../token/access-token.ts';
import type { UnverifiedToken } from '../token/unverified.ts';
import type { McpRecord } from './mcp-record.ts';

/** The `route` of a request for which no route was found, in metrics, log and status page. */
export const NO_ROUTE = '(none)';

/** Which listener it came to: that for clients, or that for other proxies, which ask about a request of a client. */
export type Via = 'proxy' | 'authorizer';

export interface FinishedRequest {
  readonly requestId: string;
  /** Of its traceparent, where that is valid. */
  readonly traceId: string | undefined;
  readonly via: Via;
  /** The address of the client, by the word of a trusted proxy where there is one; `unknown` where its connection has none. */
  readonly client: string;
  /** `undefined` where no route was found, or the request was refused before one was looked for. */
  readonly route: Route | undefined;
  readonly method: string;
  /** The Host as sent, the first of several; empty where it was missing or not valid. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** The status that was sent to the client; 499 where the client closed before one was sent. */
  readonly status: number;
  readonly outcome: Outcome;
  /** Why it was denied, or would have been in a stricter enforcement mode. */
  readonly denial: { readonly reason: Reason; readonly presented?: PresentedAudience | undefined } | undefined;
  /** What exceptions of the route have excused; empty for a request that was refused. */
  readonly excused: readonly Excused[];
  /** Why there was no usable response from the upstream. */
  readonly failure: Failure | undefined;
  /** The label of the endpoint that it was sent to, of the last one where there were several. */
  readonly upstream: string | undefined;
  /** Bytes of the bodies of request and response, or of the WebSocket. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Where a body was read for a rule under `mcp`. */
  readonly mcp: McpRecord | undefined;
  /** The token, once it verified, also where it has expired since. */
  readonly verified: AccessToken | undefined;
  /** What a token says of itself that did not verify. */
  readonly unverified: UnverifiedToken | undefined;
  /** The scopes that were compared. */
  readonly scopes: ReadonlySet<string> | undefined;
  readonly durationMs: number;
  /** From dispatch to the head of the upstream's response. */
  readonly upstreamMs: number | undefined;
}

/** The label `action` of a denial: `forwarded` where the enforcement mode only reports it, or an exception excuses it. */
export type Action = 'refused' | 'forwarded';

/** @returns the action of a finished request that had a denial. */
export function actionOf({ outcome }: Pick<FinishedRequest, 'outcome'>): Action {
  return outcome === 'denied' ? 'refused' : 'forwarded';
}
