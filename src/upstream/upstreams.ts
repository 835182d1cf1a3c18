/** Grant → upstream. Nothing is forwarded without a grant, and only `authorize` makes one. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import type { Grant } from '../authorization/authorize.ts';
import type { Route, Upstream } from '../config/config.ts';
import { stripPrefix } from '../route/match.ts';
import type { RequestHead } from '../route/request-head.ts';
import { type Carried, forward } from './forward.ts';
import { createHeaderPolicy, createRequestHeaders, type HeaderPolicy } from './request-headers.ts';
import { type Upgraded, type UpgradeRequest, upgrade } from './upgrade.ts';

/** What a route's requests need, made once at load. */
interface Line {
  readonly dispatcher: Dispatcher;
  readonly policy: HeaderPolicy;
}

export class Upstreams {
  /** By origin and connect time-out: routes to one upstream share its connections. */
  readonly #pools = new Map<string, Pool>();
  readonly #lines: ReadonlyMap<Route, Line>;

  constructor(routes: readonly Route[]) {
    this.#lines = new Map(
      routes.map(route => [route, { dispatcher: this.#poolFor(route.upstream), policy: createHeaderPolicy(route) }]),
    );
  }

  /** Carries a granted request and its answer. See `forward` for how it may end. */
  forward(grant: Grant, head: RequestHead, request: IncomingMessage, response: ServerResponse): Promise<Carried> {
    const { dispatcher, policy } = this.#lineOf(grant);
    const { timeouts } = grant.match.route.upstream;
    const headers = createRequestHeaders(policy, request.rawHeaders, peerOf(request, head), grant.identity);
    const length = request.headers['content-length'];
    if (head.hasBody && length !== undefined) headers.push('content-length', length);
    const outgoing = {
      method: head.method,
      path: targetOf(grant, head),
      headers,
      hasBody: head.hasBody,
      headersTimeout: timeouts.response,
      bodyTimeout: timeouts.idle,
    };
    return forward(dispatcher, outgoing, request, response);
  }

  /** Carries a granted WebSocket handshake. See `upgrade` for how it may end. */
  upgrade(grant: Grant, head: RequestHead, client: UpgradeRequest): Promise<Upgraded | Carried> {
    const { policy } = this.#lineOf(grant);
    const { origin, timeouts } = grant.match.route.upstream;
    const { request } = client;
    const outgoing = {
      origin,
      path: targetOf(grant, head),
      headers: createRequestHeaders(policy, request.rawHeaders, peerOf(request, head), grant.identity),
      timeout: timeouts.connect + timeouts.response,
    };
    return upgrade(outgoing, client);
  }

  /** Lets requests under way finish, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(pool => pool.close()));
  }

  /** Ends every connection at once. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(pool => pool.destroy()));
  }

  #lineOf({ match }: Grant): Line {
    const line = this.#lines.get(match.route);
    if (!line) throw new Error(`route ${match.route.key} is not of this configuration`);
    return line;
  }

  #poolFor({ origin, timeouts }: Upstream): Pool {
    const key = `${origin} ${timeouts.connect}`;
    const pool = this.#pools.get(key) ?? new Pool(origin, { connect: { timeout: timeouts.connect }, allowH2: false });
    this.#pools.set(key, pool);
    return pool;
  }
}

/** The bytes that were matched, under the upstream's base path. */
function targetOf({ match }: Grant, { query }: RequestHead): string {
  const { route } = match;
  const path = route.stripPrefix ? stripPrefix(route.prefix, match.path) : match.path;
  return `${`${route.upstream.basePath}${path}` || '/'}${query}`;
}

function peerOf(request: IncomingMessage, { authority }: RequestHead) {
  return { address: request.socket.remoteAddress ?? '', authority };
}
