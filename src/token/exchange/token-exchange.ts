/**
 * Exchanges the tokens of clients for tokens of the upstream, where a route has `exchange`: once for all requests that need the same one,
 * and again when it has ended. What is refused or fails is not kept.
 */

import type { Exchange } from '../../config/exchange-config.ts';
import { describeUrl } from '../fetching/fetch-failure.ts';
import type { ExchangeFailure } from './exchange-failure.ts';
import { TokenEndpoint } from './exchange-request.ts';
import { type Exchanged, IssuedTokens, keyOfExchange, type SubjectToken } from './issued-tokens.ts';

/** `hit`: no call of its own. The others count calls. */
export type ExchangeOutcome = 'hit' | 'success' | 'refused' | 'failure';

export interface ExchangeEvents {
  readonly onExchange: (route: string, outcome: ExchangeOutcome) => void;
  /** Not called for each of many alike in a row. */
  readonly onExchangeFailure: (route: string, endpoint: string, failure: ExchangeFailure) => void;
  /** An issued token opens routes of this gateway, too. Called once for each route. @param resources those of these routes. */
  readonly onOpenAudience: (route: string, resources: readonly string[]) => void;
}

/** Of a route of the configuration. */
export interface ExchangingRoute {
  readonly id: string;
  readonly exchange: Exchange;
}

interface LastFailure {
  readonly what: string;
  /** By `performance.now()`. */
  readonly loggedAt: number;
}

/** Milliseconds between two failures of one kind that are logged: during an outage every request has one. */
const FAILURE_LOGGED = 30_000;

export class TokenExchange {
  readonly #events: ExchangeEvents;
  /** Every `aud` that a route of this gateway accepts → the resource of that route. */
  readonly #audiences: ReadonlyMap<string, string>;
  readonly #issued: IssuedTokens;
  readonly #endpoints = new Map<Exchange, TokenEndpoint>();
  readonly #failures = new Map<string, LastFailure>();
  /** Ids of routes of which `onOpenAudience` was told. */
  readonly #told: Set<string>;

  /** @param previous of the configuration before: its tokens are still good. */
  constructor(audiences: ReadonlyMap<string, string>, events: ExchangeEvents, previous?: TokenExchange) {
    this.#audiences = audiences;
    this.#events = events;
    this.#issued = previous ? previous.#issued : new IssuedTokens();
    this.#told = previous ? previous.#told : new Set();
  }

  /** Closes the connections. To be called when no request of this configuration is left. */
  release(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.close();
    this.#endpoints.clear();
  }

  /** @returns the token for the upstream of `route`, or why there is none. A promise where the endpoint is asked. */
  exchange(route: ExchangingRoute, subject: SubjectToken): Exchanged | Promise<Exchanged> {
    const key = keyOfExchange(route.exchange, subject);
    const known = this.#issued.find(key, Date.now());
    if (known) return this.#share(route, known);
    const underWay = this.#issued.underWay.get(key);
    if (underWay) return underWay.then(exchanged => this.#share(route, exchanged));
    const call = this.#call(route, subject, key).finally(() => this.#issued.underWay.delete(key));
    this.#issued.underWay.set(key, call);
    return call;
  }

  async #call(route: ExchangingRoute, subject: SubjectToken, key: string): Promise<Exchanged> {
    const exchanged = await this.#endpointOf(route).exchange(subject.token);
    if (!exchanged.ok) {
      this.#events.onExchange(route.id, exchanged.reason === 'exchange_refused' ? 'refused' : 'failure');
      this.#recordFailure(route, exchanged);
      return exchanged;
    }
    this.#events.onExchange(route.id, 'success');
    this.#failures.delete(route.id);
    this.#issued.keep(key, exchanged, subject, Date.now());
    this.#tellOfAudience(route, exchanged.audience);
    return exchanged;
  }

  /** What another request has asked for. Its failure is counted once. */
  #share(route: ExchangingRoute, exchanged: Exchanged): Exchanged {
    if (!exchanged.ok) return exchanged;
    this.#events.onExchange(route.id, 'hit');
    this.#tellOfAudience(route, exchanged.audience);
    return exchanged;
  }

  #endpointOf({ exchange }: ExchangingRoute): TokenEndpoint {
    const endpoint = this.#endpoints.get(exchange) ?? new TokenEndpoint(exchange);
    this.#endpoints.set(exchange, endpoint);
    return endpoint;
  }

  /** A description differs from call to call where it has a time or a number in it, so it does not make a failure a new one. */
  #recordFailure({ id, exchange }: ExchangingRoute, failure: ExchangeFailure): void {
    const { reason, why, status, error } = failure;
    const what = JSON.stringify([reason, why, status, error]);
    const now = performance.now();
    const last = this.#failures.get(id);
    if (last?.what === what && now - last.loggedAt < FAILURE_LOGGED) return;
    this.#failures.set(id, { what, loggedAt: now });
    this.#events.onExchangeFailure(id, describeUrl(exchange.tokenEndpoint), failure);
  }

  #tellOfAudience({ id }: ExchangingRoute, audience: readonly string[]): void {
    if (this.#told.has(id)) return;
    const opened = new Set(audience.flatMap(each => this.#audiences.get(each) ?? []));
    if (opened.size === 0) return;
    this.#told.add(id);
    this.#events.onOpenAudience(id, [...opened]);
  }
}
