/** Before a granted request goes on to its upstream: the client's token is exchanged for one of the upstream, where the route says so. */

import type { Grant } from './authorization/authorize.ts';
import type { RequestHead } from './route/request-head.ts';
import { readBearerToken } from './token/bearer.ts';
import type { SubjectToken } from './token/exchange/issued-tokens.ts';
import type { ExchangingRoute } from './token/exchange/token-exchange.ts';

/** What is to be exchanged, for which route. */
export interface ExchangeRequest {
  readonly route: ExchangingRoute;
  readonly subject: SubjectToken;
}

/**
 * @returns what is to be exchanged; `undefined` on a route without `exchange`, and for a request that is only forwarded since its mode, or
 *   an exception, lets it through: a token that is not accepted is not made into another one.
 */
export function findExchange({ match, identity, reported }: Grant, head: RequestHead): ExchangeRequest | undefined {
  const { route } = match;
  if (route.public || !route.exchange || !identity || reported !== undefined) return undefined;
  const bearer = readBearerToken(head.authorization);
  if (!bearer.ok) throw new Error('the token that was verified is not in the request');
  const { issuer, expiresAt } = identity;
  return { route: { id: route.id, exchange: route.exchange }, subject: { token: bearer.token, issuer, expiresAt } };
}
