/**
 * The path of a request, top to bottom: head → route → token → authorization → upstream, or a refusal on the way.
 * Each room takes what the room before it gives, so no step can be skipped or swapped.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type AuthorizationDenial, authorize, type Grant } from './authorization/authorize.ts';
import { createChallenge } from './challenge/challenge.ts';
import { findMetadata } from './challenge/metadata.ts';
import { createDocument, createFailure, createRefusal } from './challenge/refusal.ts';
import { type Answer, createResponse, finishRequest, writeAnswer } from './client/local-reply.ts';
import type { UnreadableReason } from './client/unparsed-request.ts';
import { InFlight } from './concurrency-limit.ts';
import type { Config, Route } from './config/config.ts';
import { deny, type Reason } from './denial.ts';
import { createIndexes, createIndexesInSlices, type Indexes } from './indexes.ts';
import { matchRequest } from './route/match.ts';
import { type RequestHead, readRequestHead } from './route/request-head.ts';
import { isWebSocketHandshake } from './route/websocket-handshake.ts';
import { recordRequest, type Telemetry } from './telemetry/telemetry.ts';
import { readBearerToken } from './token/bearer.ts';
import { fetchDirectly, type KeyFetcher } from './token/keys/key-source.ts';
import { TokenVerifier, type Verification, type VerifierEvents } from './token/verifier.ts';
import { Exchange } from './transaction.ts';
import type { Carried } from './upstream/forward.ts';
import type { Tunnel } from './upstream/tunnel.ts';
import type { Upgraded } from './upstream/upgrade.ts';
import { Upstreams } from './upstream/upstreams.ts';

/** What a request would have needed, for its refusal. */
type Needs = Pick<AuthorizationDenial, 'scopes' | 'allow'>;

const NOTHING: Needs = { scopes: [], allow: [] };
const READING = ['GET', 'HEAD'];

/** How a granted request is carried: as HTTP, or as a WebSocket. */
type Carrier = (exchange: Exchange, grant: Grant, head: RequestHead) => Promise<Carried | Upgraded>;

/** Everything that one configuration decides. It never changes: a reload makes a new gateway, and the server swaps it in. */
export class Gateway {
  readonly config: Config;
  readonly verifier: TokenVerifier;
  readonly #telemetry: Telemetry;
  readonly #indexes: Indexes;
  readonly #upstreams: Upstreams;
  readonly #inFlight: InFlight;
  readonly #tunnels = new Set<Tunnel>();
  #isLeaving = false;
  #underWay = 0;
  #onIdle: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  /**
   * @param previous the gateway that this one follows: what did not change is taken over from it.
   * @param indexes of the routes of `config`; by default they are made at once.
   */
  constructor(
    config: Config,
    telemetry: Telemetry,
    previous?: Gateway,
    fetchKeys: KeyFetcher = fetchDirectly,
    indexes?: Indexes,
  ) {
    const { metrics, log } = telemetry;
    this.config = config;
    this.#telemetry = telemetry;
    this.#indexes = indexes ?? createIndexes(config.routes);
    this.#upstreams = new Upstreams(config, previous ? previous.#upstreams : undefined);
    this.#inFlight = previous ? previous.#inFlight : new InFlight();
    const events: VerifierEvents = {
      onCacheLookup: outcome => metrics.recordCacheLookup(outcome),
      onFetch: (issuer, outcome, error) => {
        metrics.recordJwksFetch(issuer, outcome);
        if (error !== undefined) log.event('warn', 'keys could not be fetched', { issuer, error });
      },
    };
    this.verifier = new TokenVerifier(config.issuers, events, previous?.verifier, fetchKeys);
  }

  /** The gateway that follows `previous`, made in slices: requests are served in between. */
  static async follow(
    previous: Gateway | undefined,
    config: Config,
    telemetry: Telemetry,
    fetchKeys?: KeyFetcher,
  ): Promise<Gateway> {
    const indexes = await createIndexesInSlices(config.routes);
    return new Gateway(config, telemetry, previous, fetchKeys, indexes);
  }

  /** Tells the metrics that this configuration serves from now on. */
  announce(): void {
    this.#telemetry.metrics.configure(this.config.routes, this.#indexes.audiences, [...this.config.issuers.keys()]);
  }

  /** Fetches keys. Settles after the first attempt of every issuer; what failed is tried again by itself. */
  start(): Promise<void> {
    return this.verifier.start();
  }

  /** Tells every WebSocket that the gateway goes away, those too whose handshake is still under way. */
  endTunnels(): void {
    this.#isLeaving = true;
    for (const tunnel of this.#tunnels) tunnel.end('drain');
  }

  /** Once the requests under way have finished, stops fetching keys and closes the upstream connections. */
  stop(): Promise<void> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  /** Ends what is still under way with the upstreams. */
  destroy(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.destroy();
    return this.#upstreams.destroy();
  }

  /** Serves one HTTP request. Settles when its response has closed and it has been counted; never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.#run(new Exchange(request, response), this.#carry);
  }

  /**
   * Serves one request to upgrade: authorised like any other, refused like any other, in full HTTP form.
   *
   * @param socket the client's; its errors are already listened for.
   * @param received what came behind the request's head.
   */
  upgrade(request: IncomingMessage, socket: Socket, received: Buffer): Promise<void> {
    const exchange = new Exchange(request, createResponse(request, socket));
    if (!isWebSocketHandshake(request)) exchange.refused = 'malformed_request';
    return this.#run(exchange, async ({ response }, grant, head) => {
      const carried = await this.#upstreams.upgrade(grant, head, { request, socket, head: received, response });
      if (carried.end === 'upgraded') response.detachSocket(socket);
      return carried;
    });
  }

  /** Answers a request that node:http could not read (RFC 9112 section 2.2), or that asks for a tunnel (CONNECT). */
  refuse(request: IncomingMessage, socket: Socket, reason: UnreadableReason): Promise<void> {
    const exchange = new Exchange(request, createResponse(request, socket));
    exchange.refused = reason;
    return this.#run(exchange, this.#carry);
  }

  async #finish(): Promise<void> {
    if (this.#underWay > 0) {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve;
      });
    }
    this.verifier.stop();
    await this.#upstreams.close();
  }

  /** Request → route → token → authorization → upstream, or a refusal on the way. */
  async #serve(exchange: Exchange, carry: Carrier): Promise<void> {
    if (exchange.refused) return this.#refuse(exchange, exchange.refused);

    const head = readRequestHead(exchange.request);
    if (!head.ok) return this.#refuse(exchange, head.reason);
    exchange.head = head;

    const metadata = findMetadata(this.#indexes.metadata, head.target, head.authority);
    if (metadata !== undefined) return this.#publish(exchange, head.method, metadata);

    const match = matchRequest(this.#indexes.routes, head);
    if (!match.ok) return this.#refuse(exchange, match.reason);
    exchange.match = match;

    const verification = match.route.public ? deny('missing_token') : this.#verify(head);
    const presented = verification instanceof Promise ? await verification : verification;
    const decision = authorize(this.#indexes.audiences, match, head.method, presented);
    exchange.decision = decision;
    if (!decision.grant) return this.#refuse(exchange, decision.denial.reason, decision.denial);

    // While the token was verified the client may have left, or sent bytes that ended the connection.
    if (exchange.response.destroyed) return;
    if (isTooLarge(head, match.route)) return this.#refuse(exchange, 'body_too_large');
    if (!this.#inFlight.enter(match.route)) return this.#refuse(exchange, 'overloaded');
    try {
      const settling = this.#settle(exchange, decision.grant, await carry(exchange, decision.grant, head));
      if (settling) await settling;
    } finally {
      this.#inFlight.leave(match.route);
    }
  }

  readonly #carry: Carrier = ({ request, response }, grant, head) => {
    if (head.expectsContinue) response.writeContinue();
    return this.#upstreams.forward(grant, head, request, response);
  };

  #verify(head: RequestHead): Verification | Promise<Verification> {
    const bearer = readBearerToken(head.authorization);
    return bearer.ok ? this.verifier.verify(bearer.token, Date.now()) : bearer;
  }

  #settle(exchange: Exchange, grant: Grant, carried: Carried | Upgraded): Promise<void> | undefined {
    exchange.upstreamMs = carried.responseMs;
    switch (carried.end) {
      case 'upgraded':
        exchange.upgraded = true;
        return this.#keep(carried.tunnel, exchange.request.socket);
      case 'expired':
        this.#telemetry.metrics.recordEnded('token_expired');
        if (exchange.response.headersSent) return finishRequest(exchange);
        this.#refuse(exchange, 'token_expired', { scopes: grant.scopes, allow: [] });
        return undefined;
      case 'complete':
        return finishRequest(exchange);
      case 'client_gone':
        exchange.response.destroy();
        return undefined;
      case 'body_too_large':
      case 'request_timeout':
      case 'malformed_request':
        this.#refuse(exchange, carried.end);
        return undefined;
      default:
        exchange.failure = carried.end;
        this.#answer(exchange, createFailure(carried.end.reason, exchange.requestId));
        return undefined;
    }
  }

  async #keep(tunnel: Tunnel, client: Socket): Promise<void> {
    const { metrics } = this.#telemetry;
    metrics.trackTunnel(client);
    this.#tunnels.add(tunnel);
    if (this.#isLeaving) tunnel.end('drain');
    const cause = await tunnel.closed;
    this.#tunnels.delete(tunnel);
    if (cause) metrics.recordEnded(cause);
  }

  #refuse(exchange: Exchange, reason: Reason, needs: Needs = NOTHING): void {
    exchange.refused = reason;
    const route = exchange.match?.route;
    const challenge = route && !route.public ? createChallenge(reason, route, needs.scopes) : undefined;
    const { requestId } = exchange;
    this.#answer(exchange, createRefusal(reason, { requestId, challenge, allow: needs.allow }));
  }

  #publish(exchange: Exchange, method: string, metadata: string | null): void {
    if (metadata === null) this.#refuse(exchange, 'no_route');
    else if (READING.includes(method)) this.#answer(exchange, createDocument(metadata));
    else this.#refuse(exchange, 'method_not_allowed', { scopes: [], allow: READING });
  }

  #answer(exchange: Exchange, answer: Answer): void {
    writeAnswer(exchange, answer, this.config.timeouts.body);
  }

  /** The one place where faults are caught. They fail closed, as ours, never as a 401 that blames the caller. */
  async #run(exchange: Exchange, carry: Carrier): Promise<void> {
    this.#underWay += 1;
    const closed = exchange.watch(this.#onSlowReader);
    try {
      await this.#serve(exchange, carry);
    } catch (fault) {
      this.#telemetry.log.event('error', 'fault', { request_id: exchange.requestId, ...describeFault(fault) });
      this.#refuse(exchange, 'internal');
    }
    if (!exchange.upgraded) await closed;
    recordRequest(this.#telemetry, exchange.finish());
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#onIdle?.();
  }

  /** A clock that runs out while nothing waits for the client says nothing of it. */
  readonly #onSlowReader = (socket: Socket): void => {
    if (socket.writableLength === 0) return;
    this.#telemetry.metrics.recordEnded('slow_reader');
    socket.destroy();
  };
}

function isTooLarge({ contentLength = 0 }: RequestHead, { limits }: Route): boolean {
  return limits.body !== undefined && contentLength > limits.body;
}

/** Never the message: those of parsers quote what they read. */
function describeFault(fault: unknown) {
  const error = fault instanceof Error ? fault : new Error('unknown');
  const frames = (error.stack ?? '').split('\n').filter(line => line.startsWith('    at '));
  return { error: error.name, stack: frames.slice(0, 6).map(line => line.trim()) };
}
