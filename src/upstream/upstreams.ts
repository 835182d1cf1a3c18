/** Grant → upstream. Nothing is forwarded without a grant, and only `authorize` makes one. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Grant } from '../authorization/authorize.ts';
import type { Config, Route, Upstream } from '../config/config.ts';
import { stripPrefix } from '../route/match.ts';
import type { RequestHead } from '../route/request-head.ts';
import { createTrustedProxies, readOrigin } from './client-info.ts';
import { type Carried, type ForwardLimits, forward } from './forward.ts';
import { ConnectionPool } from './pool.ts';
import { createHeaderPolicy, createRequestHeaders, type HeaderPolicy, listIdentityNames } from './request-headers.ts';
import { createNotice } from './response-headers.ts';
import { type Upgraded, type UpgradeRequest, upgrade } from './upgrade.ts';

/** What a route's requests need, made when the first comes. */
interface Line {
  readonly pool: ConnectionPool;
  readonly policy: HeaderPolicy;
}

export class Upstreams {
  /** By origin: routes to one upstream share its connections. */
  readonly #pools = new Map<string, ConnectionPool>();
  readonly #lines = new Map<Route, Line>();
  readonly #routes: ReadonlySet<Route>;
  /** The header fields that some route sets. */
  readonly #taken: ReadonlySet<string>;
  readonly #trusted: BlockList | undefined;
  /** Milliseconds for a client to send or to read the next piece of a body. */
  readonly #patience: number;

  /** @param previous those of the configuration before: connections to upstreams that are still there are taken over. */
  constructor(
    { routes, trustedProxies, timeouts }: Pick<Config, 'routes' | 'trustedProxies' | 'timeouts'>,
    previous?: Upstreams,
  ) {
    this.#routes = new Set(routes);
    this.#taken = listIdentityNames(routes);
    if (previous) for (const { upstream } of routes) this.#takeOver(upstream, previous);
    this.#trusted = createTrustedProxies(trustedProxies);
    this.#patience = timeouts.body;
  }

  /** Carries a granted request and its answer. See `forward` for how it may end. */
  forward(grant: Grant, head: RequestHead, request: IncomingMessage, response: ServerResponse): Promise<Carried> {
    const { timeouts } = grant.match.route.upstream;
    const headers = this.#headersOf(grant, head, request);
    if (head.contentLength !== undefined && head.hasBody) headers.push('content-length', String(head.contentLength));
    const outgoing = {
      method: head.method,
      path: targetOf(grant, head),
      headers,
      connectTimeout: timeouts.connect,
      headersTimeout: timeouts.response,
      bodyTimeout: timeouts.idle,
    };
    return forward(this.#lineOf(grant).pool, outgoing, request, response, this.#limitsOf(grant, head));
  }

  /** Carries a granted WebSocket handshake. See `upgrade` for how it may end. */
  upgrade(grant: Grant, head: RequestHead, client: UpgradeRequest): Promise<Upgraded | Carried> {
    const { origin, timeouts } = grant.match.route.upstream;
    const outgoing = {
      origin,
      path: targetOf(grant, head),
      headers: this.#headersOf(grant, head, client.request),
      timeouts,
      readTimeout: this.#patience,
      expiry: expiryOf(grant),
      notice: createNotice(grant.match.route, grant.reported),
    };
    return upgrade(outgoing, client);
  }

  /** Lets requests under way finish, then closes the connections that no other configuration holds. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(pool => pool.release()));
  }

  /** Ends the connections, and with them the requests on them, whoever else holds them. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(pool => pool.destroy()));
  }

  #headersOf(grant: Grant, head: RequestHead, request: IncomingMessage): string[] {
    const origin = readOrigin(this.#trusted, request, head);
    return createRequestHeaders(this.#lineOf(grant).policy, request.rawHeaders, origin, grant.identity);
  }

  #limitsOf(grant: Grant, head: RequestHead): ForwardLimits {
    const { limits, upstream } = grant.match.route;
    return {
      body: head.hasBody ? { size: limits.body, timeout: Math.min(this.#patience, upstream.timeouts.idle) } : undefined,
      notice: createNotice(grant.match.route, grant.reported),
      readTimeout: this.#patience,
      expiry: expiryOf(grant),
    };
  }

  #lineOf({ match }: Grant): Line {
    return this.#lines.get(match.route) ?? this.#createLine(match.route);
  }

  #createLine(route: Route): Line {
    if (!this.#routes.has(route)) throw new Error(`route ${route.key} is not of this configuration`);
    const line = { pool: this.#poolFor(route.upstream), policy: createHeaderPolicy(route, this.#taken) };
    this.#lines.set(route, line);
    return line;
  }

  #takeOver({ origin }: Upstream, previous: Upstreams): void {
    const pool = this.#pools.has(origin) ? undefined : previous.#pools.get(origin)?.retain();
    if (pool) this.#pools.set(origin, pool);
  }

  #poolFor({ origin }: Upstream): ConnectionPool {
    const pool = this.#pools.get(origin) ?? new ConnectionPool(origin);
    this.#pools.set(origin, pool);
    return pool;
  }
}

/** A request outlives its token only where nothing is refused for a token. */
function expiryOf({ match: { route }, identity }: Grant): ForwardLimits['expiry'] {
  if (route.public || !identity || route.enforcement === 'report') return undefined;
  return { at: identity.expiresAt * 1000, ends: route.endAtExpiry };
}

/** @returns the request target that the upstream gets: the bytes that were matched, under its base path. */
export function targetOf({ match }: Grant, { query }: Pick<RequestHead, 'query'>): string {
  const { route } = match;
  const path = route.stripPrefix ? stripPrefix(route.prefix, match.path) : match.path;
  return `${`${route.upstream.basePath}${path}` || '/'}${query}`;
}
