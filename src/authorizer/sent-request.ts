/**
 * The first steps for a request that another server has received, and that goes on as it was sent: head, route by every reading of the
 * path, CORS preflight. `DecisionSteps.judge` follows. A proxy that asks and a service with the library come in here.
 */

import type { Route } from '../config/config.ts';
import { isPreflight } from '../cors/cors.ts';
import type { DecisionSteps, OnGrant } from '../decision-steps.ts';
import type { Indexes } from '../indexes.ts';
import type { JudgedRequest } from '../judged-request.ts';
import { refuse } from '../local-replies.ts';
import { readRequestHead } from '../route/request-head.ts';
import { mayOpenWebSocket } from '../route/websocket-handshake.ts';
import { matchSentPath } from './sent-path.ts';

/** What becomes of a request that is not refused. */
export interface SentRequestEvents<T extends JudgedRequest> {
  /** A CORS preflight, on a route with `cors`: who received it answers it, or forwards it with nobody's identity. */
  readonly onPreflight: (transaction: T, route: Route) => void;
  readonly onGrant: OnGrant<T>;
}

/** Refuses `transaction`, or calls one of `events`. Returns before the end where something must be waited for. */
export function judgeSentRequest<T extends JudgedRequest>(
  transaction: T,
  { routes }: Pick<Indexes, 'routes'>,
  steps: DecisionSteps,
  { onPreflight, onGrant }: SentRequestEvents<T>,
): undefined {
  const { original } = transaction;
  // Counts only where rules of an MCP server would have to be judged by messages that come later.
  transaction.isHandshake = mayOpenWebSocket(original.fields);

  const head = readRequestHead(original);
  if (!head.ok) return refuse(transaction, head.reason);
  transaction.head = head;

  const match = matchSentPath(routes, head);
  if (!match.ok) return refuse(transaction, match.reason);
  transaction.match = match;
  if (match.route.cors && isPreflight(head.method, original.fields)) return void onPreflight(transaction, match.route);
  steps.judge(transaction, head, match, onGrant);
}
