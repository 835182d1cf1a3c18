/** Grant → upstream. A request is forwarded only with a grant, and only `authorize` makes one. */

import type { BlockList } from 'node:net';
import type { Grant } from '../authorization/authorize.ts';
import type { Config, Route } from '../config/config.ts';
import type { Endpoint, Upstream } from '../config/upstream-config.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { IncomingRequest } from '../http/server/incoming-request.ts';
import { Sweeper } from '../http/sweeper.ts';
import type { SessionBinding } from '../mcp/session-binding.ts';
import { stripPrefix } from '../route/match.ts';
import type { RequestHead } from '../route/request-head.ts';
import type { IssuedToken } from '../token/exchange/issued-token.ts';
import { type ClientInfo, readClientInfo } from './client-info/client-info.ts';
import { createTrustedProxies } from './client-info/trusted-proxies.ts';
import { ConnectionPool, poolKey, type UpstreamEvents } from './endpoints/connection-pool.ts';
import { type EndpointStatus, type KnownEndpoint, listEndpointStatus } from './endpoints/endpoint-status.ts';
import { type Member, RoundRobin } from './endpoints/round-robin.ts';
import { findExpiry } from './expiry.ts';
import { type ForwardLimits, forward } from './forward.ts';
import { createHeaderPolicy, createRequestHeaders, type HeaderPolicy, listIdentityNames } from './request-headers.ts';
import type { ForwardEvents, ResponseHandler } from './response-handler.ts';
import { createResponseRules, type ResponseEdits, type ResponseRules } from './response-headers.ts';
import { replaceSessionId } from './session-fields.ts';
import { type UpgradeEvents, upgrade } from './upgrade.ts';

/** What the requests of one route share, made for the first of them. */
interface RouteUpstream {
  readonly members: RoundRobin;
  readonly policy: HeaderPolicy;
  readonly responseRules: ResponseRules;
}

/** What the gateway adds to a request and to its response. */
export interface Additions {
  readonly requestId: string;
  /** Names and values. They replace what the upstream sends under these names. */
  readonly responseFields: HeaderList;
  /** Of an MCP server, where its ids are bound: the binding, and the id that the upstream gets in place of the client's. */
  readonly session?: { readonly binding: SessionBinding; readonly id: string | undefined } | undefined;
  /** What is sent as Authorization in place of the client's, on a route with `exchange`. */
  readonly issued: IssuedToken | undefined;
}

export class Upstreams {
  /** Whose word about its clients is believed; `undefined` where no proxy is trusted. */
  readonly trusted: BlockList | undefined;
  /** By `poolKey`: routes to one upstream share its connections where they open them alike. */
  readonly #pools = new Map<string, ConnectionPool>();
  /** By the pools and base paths of the members: routes with the same ones share their turn. */
  readonly #members = new Map<string, RoundRobin>();
  /** Of all pools, also those of the configurations before. */
  readonly #sweeper: Sweeper;
  readonly #events: UpstreamEvents;
  readonly #byRoute = new Map<Route, RouteUpstream>();
  readonly #routes: ReadonlySet<Route>;
  /** Folded names of the header fields that some route sets from claims. */
  readonly #identityNames: ReadonlySet<string>;
  /** Milliseconds for a client to send the next piece of a body. */
  readonly #clientTimeout: number;

  /** @param previous the upstreams of the previous configuration: connections to upstreams in both are kept. */
  constructor(
    { routes, trustedProxies, timeouts }: Pick<Config, 'routes' | 'trustedProxies' | 'timeouts'>,
    events: UpstreamEvents,
    previous?: Upstreams,
  ) {
    this.#events = events;
    this.#sweeper = previous ? previous.#sweeper : new Sweeper();
    this.#routes = new Set(routes);
    this.#identityNames = listIdentityNames(routes);
    if (previous) for (const { upstream } of routes) this.#retainPools(upstream, previous);
    this.trusted = createTrustedProxies(trustedProxies);
    this.#clientTimeout = timeouts.body;
  }

  /** Forwards a granted request, and its response. `events` says how it ended. @returns what may end it. */
  forward(
    grant: Grant,
    head: RequestHead,
    request: IncomingRequest,
    events: ForwardEvents & Additions,
  ): ResponseHandler {
    const { members } = this.#routeOf(grant);
    const client = this.#readClient(head, request);
    const outgoing = {
      ...{ method: head.method, fields: this.#headersOf(grant, request, client, events) },
      body: grant.body?.length ?? (head.hasBody ? (head.contentLength ?? 'unknown') : 'none'),
    } as const;
    const addressAt = (endpoint: Endpoint) => addressOf(grant, head, endpoint);
    const { timeouts: times } = grant.match.route.upstream;
    const limits = this.#limitsOf(grant, head, client, events);
    return forward({ members, request: outgoing, addressAt, times, limits }, request, events);
  }

  /** Forwards a granted WebSocket handshake. `events` says how it ended, or that there is a tunnel now. @returns what may end it before. */
  upgrade(
    grant: Grant,
    head: RequestHead,
    request: IncomingRequest,
    events: UpgradeEvents & Additions,
  ): ResponseHandler {
    const { members } = this.#routeOf(grant);
    const { timeouts, maxResponseHeaders: headLimit } = grant.match.route.upstream;
    const client = this.#readClient(head, request);
    const headers = this.#headersOf(grant, request, client, events);
    const handshakeWith = ({ endpoint, pool: { connect } }: Member) => {
      const { target: path, authority } = addressOf(grant, head, endpoint);
      return { origin: endpoint.origin, connect, headLimit, authority, path, headers };
    };
    const edits = this.#editsOf(grant, head, client, events);
    const limits = { added: events.responseFields, edits, expiry: findExpiry(grant, head.method) };
    return upgrade({ members, handshakeWith, timeouts, limits }, request, events);
  }

  /** Lets requests under way finish, then closes the connections that no other configuration uses. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(pool => pool.release()));
  }

  /** Closes the connections with the requests on them, also where another configuration uses them. */
  destroy(): void {
    for (const pool of this.#pools.values()) pool.destroy();
  }

  #readClient(head: RequestHead, { peer, head: { fields } }: IncomingRequest): ClientInfo {
    return readClientInfo(this.trusted, { address: peer.address, isSecure: peer.isSecure, fields }, head);
  }

  #headersOf(grant: Grant, { head: { fields } }: IncomingRequest, client: ClientInfo, added: Additions): string[] {
    const { policy } = this.#routeOf(grant);
    const headers = createRequestHeaders(policy, fields, client, added.requestId, grant.identity, added.issued);
    const id = added.session?.id;
    return id === undefined ? headers : replaceSessionId(headers, id);
  }

  #editsOf(grant: Grant, { authority }: RequestHead, client: ClientInfo, { session }: Additions): ResponseEdits {
    const { route } = grant.match;
    const { preserveHost, endpoints } = route.upstream;
    const hostSent = preserveHost ? authority : undefined;
    return {
      rules: this.#routeOf(grant).responseRules,
      session: session?.binding,
      rewriting: route.rewriteLocation ? { route, hostSent, client, endpoints } : undefined,
    };
  }

  #limitsOf(grant: Grant, head: RequestHead, client: ClientInfo, added: Additions): ForwardLimits {
    const { limits, upstream } = grant.match.route;
    return {
      body: head.hasBody
        ? { size: limits.body, timeout: Math.min(this.#clientTimeout, upstream.timeouts.idle), read: grant.body }
        : undefined,
      added: added.responseFields,
      edits: this.#editsOf(grant, head, client, added),
      expiry: findExpiry(grant, head.method),
    };
  }

  /** @returns what is known of each endpoint of an upstream that has several, in the order of the YAML. */
  listEndpoints(): readonly EndpointStatus[] {
    return listEndpointStatus(this.#listKnown());
  }

  /** Opens nothing for what was not used yet: reading certificates takes its time. */
  *#listKnown(): Generator<KnownEndpoint> {
    for (const { upstream } of this.#routes) {
      if (upstream.endpoints.length === 1) continue;
      for (const endpoint of upstream.endpoints) {
        yield { label: endpoint.label, availability: this.#pools.get(poolKey(endpoint, upstream))?.availability };
      }
    }
  }

  #routeOf({ match }: Grant): RouteUpstream {
    return this.#byRoute.get(match.route) ?? this.#addRoute(match.route);
  }

  #addRoute(route: Route): RouteUpstream {
    if (!this.#routes.has(route)) throw new Error(`route ${route.key} is not of this configuration`);
    const added = {
      members: this.#membersOf(route.upstream),
      policy: createHeaderPolicy(route, this.#identityNames),
      responseRules: createResponseRules(route),
    };
    this.#byRoute.set(route, added);
    return added;
  }

  /** With their connections, and what is known of their endpoints. */
  #retainPools(upstream: Upstream, previous: Upstreams): void {
    for (const endpoint of upstream.endpoints) {
      const key = poolKey(endpoint, upstream);
      const pool = this.#pools.has(key) ? undefined : previous.#pools.get(key)?.retain();
      if (pool) this.#pools.set(key, pool);
    }
  }

  #membersOf(upstream: Upstream): RoundRobin {
    const { endpoints } = upstream;
    const key = JSON.stringify(endpoints.map(endpoint => [poolKey(endpoint, upstream), endpoint.basePath]));
    const create = () => endpoints.map(endpoint => ({ endpoint, pool: this.#poolOf(endpoint, upstream) }));
    const members = this.#members.get(key) ?? new RoundRobin(create());
    this.#members.set(key, members);
    return members;
  }

  #poolOf(endpoint: Endpoint, upstream: Upstream): ConnectionPool {
    const key = poolKey(endpoint, upstream);
    const pool = this.#pools.get(key) ?? new ConnectionPool(endpoint, upstream, this.#sweeper, this.#events);
    this.#pools.set(key, pool);
    return pool;
  }
}

/** @returns whether requests of the route can be forwarded: another proxy may do that itself, and only ask about them. */
export function hasUpstream({ upstream }: Route): boolean {
  return upstream.endpoints.length > 0;
}

/** Target and Host. A client of HTTP/1.0 may send no Host. */
function addressOf(grant: Grant, head: RequestHead, endpoint: Endpoint): { target: string; authority: string } {
  const { preserveHost } = grant.match.route.upstream;
  const authority = (preserveHost && head.authority) || endpoint.authority;
  return { target: targetOf(grant, head, endpoint), authority };
}

/** @returns the request target that the endpoint gets: its base path, the matched path without a stripped prefix, the query. */
export function targetOf({ match }: Grant, { query }: Pick<RequestHead, 'query'>, { basePath }: Endpoint): string {
  const { route } = match;
  const path = route.stripPrefix ? stripPrefix(route.prefix, match.path) : match.path;
  const target = `${basePath}${path}` || '/';
  return `${target}${query}`;
}
