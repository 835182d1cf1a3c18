/**
 * The steps of a request, in the order in which they run: `handle`, `#serve` (head, metadata, route, CORS), `#verify` (token), `#decide`
 * (decision, limits), `#forward`, `#onForwarded`, `#finish`. Each may end in a reply of our own (local-replies.ts), mostly in `refuse`.
 * `#forward` needs a `Grant`, which only `authorize()` makes; the order of the other steps is defined only here.
 */

import { authorize, type Grant } from './authorization/authorize.ts';
import { BodyMemory } from './body-memory.ts';
import { findMetadata } from './challenge/metadata.ts';
import { createFailure } from './challenge/refusal.ts';
import type { Config, Route } from './config/config.ts';
import { deny } from './denial.ts';
import type { RequestEnd } from './http/message.ts';
import type { IncomingRequest } from './http/server/incoming-request.ts';
import { createIndexes, type Indexes } from './indexes.ts';
import { admit, applyCors, publish, refuse, refuseExpired } from './local-replies.ts';
import { isOriginAllowed } from './mcp/origin.ts';
import { readAsked } from './mcp-asking.ts';
import { RequestCount } from './request-count.ts';
import { type Match, matchRequest } from './route/match.ts';
import { type RequestHead, readRequestHead } from './route/request-head.ts';
import { readHandshake } from './route/websocket-handshake.ts';
import { RouteLimits } from './route-limits.ts';
import { createVerifierEvents, logFault, recordRequest, type Telemetry } from './telemetry/telemetry.ts';
import { createUpstreamEvents } from './telemetry/upstream-events.ts';
import { readBearerToken } from './token/bearer.ts';
import { fetchDirectly, type KeyFetcher } from './token/keys/key-source.ts';
import { TokenVerifier, type Verification } from './token/verifier.ts';
import { Transaction, type TransactionEvents } from './transaction.ts';
import type { ForwardEnd } from './upstream/response-handler.ts';
import { createNotice } from './upstream/response-headers.ts';
import type { Tunnel } from './upstream/tunnel.ts';
import { Tunnels } from './upstream/tunnels.ts';
import { Upstreams } from './upstream/upstreams.ts';

/** Milliseconds for the body of an MCP request after which its token may have expired, or have been revoked. */
const JUDGED_AGAIN = 1_000;
const NO_TOKEN = deny('missing_token');

/** Handles requests under one immutable configuration. A reload creates a new gateway, and `Server.swap` uses it for new requests. */
export class Gateway {
  readonly config: Config;
  readonly verifier: TokenVerifier;
  readonly #telemetry: Telemetry;
  readonly #indexes: Indexes;
  readonly upstreams: Upstreams;
  readonly #tunnels = new Tunnels();
  readonly #limits: RouteLimits;
  readonly #bodies: BodyMemory;
  readonly #underWay = new RequestCount();
  readonly #events: TransactionEvents = {
    onForwarded: (transaction, end) => this.#onForwarded(transaction, end),
    onUpgraded: (transaction, tunnel) => this.#onUpgraded(transaction, tunnel),
    onFault: (transaction, fault) => this.#fail(transaction, fault),
    onFinished: (transaction, end) => this.#finish(transaction, end),
  };
  #stopped: Promise<void> | undefined;

  /**
   * @param previous the gateway that this one replaces: connections, keys and verified tokens that are still valid are kept.
   * @param indexes of the routes of `config`; by default they are created here.
   */
  constructor(
    config: Config,
    telemetry: Telemetry,
    previous?: Gateway,
    fetchKeys: KeyFetcher = fetchDirectly,
    indexes = createIndexes(config.routes),
  ) {
    this.config = config;
    this.#telemetry = telemetry;
    this.#indexes = indexes;
    const upstreams = previous ? previous.upstreams : undefined;
    this.upstreams = new Upstreams(config, createUpstreamEvents(telemetry.log), upstreams);
    this.#limits = previous ? previous.#limits : new RouteLimits();
    this.#bodies = previous ? previous.#bodies : new BodyMemory();
    this.verifier = new TokenVerifier(config.issuers, createVerifierEvents(telemetry), previous?.verifier, fetchKeys);
  }

  /** Serves one request. Returns at once, and throws nothing; `stop` waits for it. */
  handle(request: IncomingRequest): void {
    this.#underWay.enter();
    const transaction = new Transaction(request, this.#events, this.upstreams.trusted);
    try {
      this.#serve(transaction);
    } catch (fault) {
      this.#fail(transaction, fault);
    }
  }

  /** Checks the head and finds the route. Metadata documents and preflights are answered here, without a token. */
  #serve(transaction: Transaction): undefined {
    const { unparsed, head: incoming } = transaction.request;
    if (unparsed !== undefined) return refuse(transaction, unparsed);

    const handshake = readHandshake(incoming);
    transaction.isHandshake = handshake === 'websocket';
    if (typeof handshake === 'object') return refuse(transaction, handshake.reason);

    const head = readRequestHead(incoming);
    if (!head.ok) return refuse(transaction, head.reason);
    transaction.head = head;
    // What follows a handshake may be frames, whatever becomes of it.
    if (transaction.isHandshake) transaction.request.closeAfter();

    const metadata = findMetadata(this.#indexes.metadata, head.target, head.authority);
    if (metadata.kind !== 'none') return publish(transaction, metadata);

    const match = matchRequest(this.#indexes.routes, head);
    if (!match.ok) return refuse(transaction, match.reason);
    transaction.match = match;
    const { cors, mcp } = match.route;
    if (cors && applyCors(transaction, cors)) return;
    if (mcp && !isOriginAllowed(mcp, incoming.fields)) return refuse(transaction, 'origin_not_allowed');

    this.#judge(transaction, head, match);
  }

  #judge(transaction: Transaction, head: RequestHead, match: Match): undefined {
    const verification = this.#verify(head, match.route);
    if (!(verification instanceof Promise)) return this.#decide(transaction, head, match, verification);
    transaction.wait(verification, result => this.#decide(transaction, head, match, result));
  }

  /** @returns the token, or why there is none. On a public route Authorization is not read, and `authorize` ignores the result. */
  #verify(head: RequestHead, route: Route): Verification | Promise<Verification> {
    if (route.public) return NO_TOKEN;
    const bearer = readBearerToken(head.authorization);
    return bearer.ok ? this.verifier.judge(bearer.token, Date.now(), route) : bearer;
  }

  /** Decides, and forwards what is granted and within the limits of its route. */
  #decide(transaction: Transaction, head: RequestHead, match: Match, verification: Verification): undefined {
    const decision = authorize(this.#indexes.audiences, match, head.method, verification, transaction.asked);
    transaction.decision = decision;
    if ('refused' in decision) return this.#ask(transaction, head, match, verification);
    if (!decision.grant) return refuse(transaction, decision.denial.reason, decision.denial);
    // While the token was verified the client may have closed, or sent bytes that ended the connection.
    if (transaction.request.isOver || !admit(this.#limits, transaction, match.route)) return;
    this.#forward(transaction, decision.grant, head);
  }

  /** Reads what is asked of an MCP server, and decides on that: with a new look at the token where the body took its time. */
  #ask(transaction: Transaction, head: RequestHead, match: Match, verification: Verification): undefined {
    if (transaction.request.isOver || !admit(this.#limits, transaction, match.route)) return;
    const judgedAt = performance.now();
    readAsked(transaction, head, match.route, this.#bodies, this.config.timeouts.body, asked => {
      transaction.asked = asked;
      if (performance.now() - judgedAt > JUDGED_AGAIN) this.#judge(transaction, head, match);
      else this.#decide(transaction, head, match, verification);
    });
  }

  #forward(transaction: Transaction, grant: Grant, head: RequestHead): void {
    const { request, isHandshake, responseFields } = transaction;
    responseFields.push(...createNotice(grant.match.route, grant.reported));
    if (isHandshake) this.upstreams.upgrade(grant, head, request, transaction);
    else this.upstreams.forward(grant, head, request, transaction);
  }

  /** Replies where the client got no response. */
  #onForwarded(transaction: Transaction, end: ForwardEnd): undefined {
    switch (end) {
      case 'complete':
      case 'client_gone':
        return;
      case 'expired':
        this.#telemetry.metrics.recordEnded('token_expired');
        if (transaction.request.status === undefined) refuseExpired(transaction);
        return;
      case 'body_too_large':
      case 'request_timeout':
      case 'malformed_request':
        return refuse(transaction, end);
      default:
        transaction.failure = end;
        transaction.reply(createFailure(end.reason, transaction.requestId));
    }
  }

  /** The request is over when its tunnel has closed. */
  #onUpgraded(transaction: Transaction, tunnel: Tunnel): void {
    const { metrics } = this.#telemetry;
    metrics.trackTunnel(tunnel.client);
    transaction.wait(this.#tunnels.waitForClose(tunnel), end => {
      if (end) metrics.recordEnded(end);
      transaction.onClose('detached');
    });
  }

  /** Refuses with `internal` after an exception: never with a 401, which would blame the caller. */
  #fail(transaction: Transaction, fault: unknown): void {
    logFault(this.#telemetry.log, transaction.requestId, fault);
    try {
      refuse(transaction, 'internal');
    } catch (further) {
      logFault(this.#telemetry.log, transaction.requestId, further);
      transaction.request.abort();
    }
  }

  /** Called once for each request, and last. */
  #finish(transaction: Transaction, end: RequestEnd): void {
    const { match, isInFlight } = transaction;
    if (match && isInFlight) this.#limits.leave(match.route);
    transaction.body?.release();
    try {
      if (end === 'slow_reader') this.#telemetry.metrics.recordEnded(end);
      recordRequest(this.#telemetry, transaction.finish(), this.config.accessLog);
    } catch (fault) {
      logFault(this.#telemetry.log, transaction.requestId, fault);
    } finally {
      this.#underWay.leave();
    }
  }

  /** Passes the routes and issuers of this configuration to the metrics. */
  configureMetrics(): void {
    const { routes, issuers, tls } = this.config;
    this.#telemetry.metrics.configure(routes, this.#indexes.audiences, [...issuers.values()], tls?.certificates);
  }

  /** Fetches keys. Settles after the first attempt of every issuer; failed ones are repeated later. */
  start(): Promise<void> {
    return this.verifier.start();
  }

  /** Ends every WebSocket with a close frame, also those whose handshake is still under way. */
  endTunnels(): void {
    this.#tunnels.drain();
  }

  /** Once the requests under way have finished, stops fetching keys and closes the upstream connections. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopWhenIdle();
    return this.#stopped;
  }

  async #stopWhenIdle(): Promise<void> {
    await this.#underWay.untilIdle();
    this.verifier.stop();
    await this.upstreams.close();
  }

  /** Closes every tunnel and every connection to an upstream at once. */
  destroy(): void {
    this.#tunnels.destroy();
    this.upstreams.destroy();
  }
}
