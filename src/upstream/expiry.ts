/**
 * Until when a request may go on that was granted to a token: one decision, made before it is forwarded, for whatever response comes.
 * Where an exception let it through, its lapse ends what the end of the token would end, if that is earlier.
 * A WebSocket always ends at the token's `exp`.
 */

import type { Grant } from '../authorization/authorize.ts';
import type { Route } from '../config/config.ts';

/** In milliseconds since 1970. */
export interface Expiry {
  /** When the token expires, or the exception lapses. */
  readonly at: number;
  /** Until when there must be a response, and the upload before it must have ended; `undefined`: no such limit. */
  readonly request: number | undefined;
  /** Until when a response that is an event stream may go on. */
  readonly events: number | undefined;
  /** Until when any other response may go on. */
  readonly others: number | undefined;
}

interface Granted extends Pick<Grant, 'identity' | 'isSubscription' | 'lapsesAt'> {
  readonly match: { readonly route: Route };
}

/** @returns `undefined` on public and `report` routes, or without a verified token: they do not refuse an expired token either. */
export function findExpiry(
  { identity, match, isSubscription, lapsesAt = Number.POSITIVE_INFINITY }: Granted,
  method: string,
): Expiry | undefined {
  const { route } = match;
  if (route.public || !identity || route.enforcement === 'report') return undefined;
  const at = Math.min(identity.validUntil * 1000, lapsesAt);
  if (route.endAtExpiry !== undefined) return { at, ...forAll(route.endAtExpiry ? at : undefined) };
  const { mcp, upstream } = route;
  if (!mcp) return { at, ...forAll(undefined), events: at };
  const events = mcp.sse ? undefined : at;
  if (method !== 'POST') return { at, ...forAll(undefined), events };
  // A call that is under way is not lost with the token, and does not outlive it by much.
  const answer = forAll(at + upstream.timeouts.afterExpiry);
  return { at, ...answer, events: (isSubscription ? events : undefined) ?? answer.events };
}

function forAll(end: number | undefined): Omit<Expiry, 'at'> {
  return { request: end, events: end, others: end };
}
