/** What a route excuses to single clients, after a denial was found. Pure: the time is given. */

import type { ProtectedRoute } from '../config/config.ts';
import type { Exception } from '../config/exceptions/exception.ts';
import { type ExcusableReason, isExcusable, isRefused, type Reason } from '../denial.ts';
import type { AccessToken } from '../token/access-token.ts';
import { readClient } from '../token/client.ts';
import type { PresentedAudience } from './audience.ts';

/** A denial that an exception excuses. */
export interface Excused {
  readonly reason: ExcusableReason;
  readonly exception: Exception;
}

/** What is to be excused. */
interface Excusable {
  readonly reason: Reason;
  /** With `wrong_audience`. */
  readonly presented: PresentedAudience | undefined;
}

/**
 * @param token that its issuer, one of the route, has signed. A token without a client has no exception.
 * @param now milliseconds since 1970.
 * @returns the exception, with the denial; of several the one that lapses last. On `report` there is none, since nothing is refused.
 */
export function findExcused(
  route: ProtectedRoute,
  token: Pick<AccessToken, 'issuer' | 'claims'>,
  { reason, presented }: Excusable,
  now: number,
): Excused | undefined {
  if (route.exceptions.size === 0 || route.enforcement === 'report' || !isExcusable(reason)) return undefined;
  const client = readClient(token.claims);
  let last: Exception | undefined;
  for (const exception of client === undefined ? [] : (route.exceptions.get(client) ?? [])) {
    const isOfIssuer = exception.issuer === undefined || exception.issuer === token.issuer;
    const isOfAudience =
      reason !== 'wrong_audience' || exception.presented === undefined || exception.presented === presented;
    if (!isOfIssuer || !isOfAudience || !exception.reasons.has(reason) || exception.lapsesAt <= now) continue;
    if (last === undefined || exception.lapsesAt > last.lapsesAt) last = exception;
  }
  return last && { reason, exception: last };
}

/**
 * @returns until when a request may go on that was let in by exceptions: when the first of them lapses, in milliseconds since 1970;
 *   `undefined` where the mode refuses none of it.
 */
export function findLapse(route: ProtectedRoute, excused: readonly Excused[]): number | undefined {
  const needed = excused.filter(({ reason }) => isRefused(reason, route.enforcement));
  return needed.length === 0 ? undefined : Math.min(...needed.map(({ exception }) => exception.lapsesAt));
}
