/**
 * The steps of a request, in the order in which they run: `handle`, `#run`, `#serve` (head, route), `#serveRoute` (token,
 * decision, limits), `#forward`, `#finish`. Each may end in `#refuse`. `#forward` needs a `Grant`, which only
 * `authorize()` makes; the order of the other steps is defined only here.
 */

import type { Socket } from 'node:net';
import { type AuthorizationDenial, authorize, type Grant } from './authorization/authorize.ts';
import { createChallenge } from './challenge/challenge.ts';
import { findMetadata, type PublishedMetadata } from './challenge/metadata.ts';
import { createDocument, createFailure, createRefusal } from './challenge/refusal.ts';
import { discardBody, type LocalReply, writeLocalReply } from './client/local-reply.ts';
import { readParsedRequest } from './client/parsed-request.ts';
import type { IncomingRequest } from './client/request-queue.ts';
import type { Config, Route } from './config/config.ts';
import { deny, type Reason } from './denial.ts';
import { createIndexes, type Indexes } from './indexes.ts';
import { RequestCount } from './request-count.ts';
import { type Match, matchRequest } from './route/match.ts';
import { type RequestHead, readRequestHead } from './route/request-head.ts';
import { readHandshake } from './route/websocket-handshake.ts';
import { RouteLimits } from './route-limits.ts';
import {
  createUpstreamEvents,
  createVerifierEvents,
  logFault,
  recordRequest,
  type Telemetry,
} from './telemetry/telemetry.ts';
import { readBearerToken } from './token/bearer.ts';
import { fetchDirectly, type KeyFetcher } from './token/keys/key-source.ts';
import { TokenVerifier, type Verification } from './token/verifier.ts';
import { Transaction } from './transaction.ts';
import type { ForwardResult } from './upstream/forward.ts';
import type { Tunnel } from './upstream/tunnel.ts';
import { Tunnels } from './upstream/tunnels.ts';
import type { Upgraded } from './upstream/upgrade.ts';
import { Upstreams } from './upstream/upstreams.ts';

/** Of a refusal: `scopes` goes into WWW-Authenticate, `allow` into Allow. */
type RefusalFields = Pick<AuthorizationDenial, 'scopes' | 'allow'>;

const NO_FIELDS: RefusalFields = { scopes: [], allow: [] };
const READ_METHODS = ['GET', 'HEAD'];
const NO_TOKEN = deny('missing_token');

/** Handles requests under one immutable configuration. A reload creates a new gateway, and `Server.swap` uses it for new requests. */
export class Gateway {
  readonly config: Config;
  readonly verifier: TokenVerifier;
  readonly #telemetry: Telemetry;
  readonly #indexes: Indexes;
  readonly #upstreams: Upstreams;
  readonly #tunnels = new Tunnels();
  readonly #limits: RouteLimits;
  readonly #underWay = new RequestCount();
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
    this.#upstreams = new Upstreams(
      config,
      createUpstreamEvents(telemetry),
      previous ? previous.#upstreams : undefined,
    );
    this.#limits = previous ? previous.#limits : new RouteLimits();
    this.verifier = new TokenVerifier(config.issuers, createVerifierEvents(telemetry), previous?.verifier, fetchKeys);
  }

  /** Serves one request. Settles when its response has closed and it is recorded. Rejects where refusing or recording throws. */
  handle(incoming: IncomingRequest): Promise<void> {
    return this.#run(new Transaction(incoming));
  }

  /** Refuses with `internal` after a fault in a later step: never with a 401, which would blame the caller. */
  async #run(transaction: Transaction): Promise<void> {
    this.#underWay.enter();
    try {
      const closed = transaction.watch(this.#onReadTimeout);
      try {
        await this.#serve(transaction);
      } catch (fault) {
        logFault(this.#telemetry.log, transaction.requestId, fault);
        this.#refuse(transaction, 'internal');
      }
      if (!transaction.upgraded) await closed;
      recordRequest(this.#telemetry, transaction.finish());
    } catch (fault) {
      // In recording, or in the refusal of another fault. The caller closes the connection.
      logFault(this.#telemetry.log, transaction.requestId, fault);
      throw fault;
    } finally {
      this.#underWay.leave();
    }
  }

  /** Checks the head and finds the route. @returns a promise where the request goes on; `undefined` where it was replied to here. */
  #serve(transaction: Transaction): Promise<void> | undefined {
    const { incoming, request } = transaction;
    if (incoming.kind === 'refused') return this.#refuse(transaction, incoming.reason);
    const parsed = readParsedRequest(request);
    const handshake = incoming.kind === 'websocket' ? readHandshake(parsed) : 'websocket';
    if (handshake === 'none') return this.#refuse(transaction, 'malformed_request');
    if (handshake !== 'websocket') return this.#refuse(transaction, handshake.reason);

    const head = readRequestHead(parsed);
    if (!head.ok) return this.#refuse(transaction, head.reason);
    transaction.head = head;

    const metadata = findMetadata(this.#indexes.metadata, head.target, head.authority);
    if (metadata.kind !== 'none') return this.#publish(transaction, head.method, metadata);

    const match = matchRequest(this.#indexes.routes, head);
    if (!match.ok) return this.#refuse(transaction, match.reason);
    transaction.match = match;
    return this.#serveRoute(transaction, head, match);
  }

  /** Verifies, decides, forwards: one async function, since each further one costs every request a promise. */
  async #serveRoute(transaction: Transaction, head: RequestHead, match: Match): Promise<void> {
    const pending = this.#verify(head, match.route);
    const verification = pending instanceof Promise ? await pending : pending;
    const decision = authorize(this.#indexes.audiences, match, head.method, verification);
    transaction.decision = decision;
    if (!decision.grant) return this.#refuse(transaction, decision.denial.reason, decision.denial);
    // While the token was verified the client may have closed, or sent bytes that ended the connection.
    if (transaction.response.destroyed) return;
    const exceeded = this.#limits.enter(match.route, head.contentLength);
    if (exceeded) return this.#refuse(transaction, exceeded);
    try {
      const result = await this.#forward(transaction, decision.grant, head);
      const remainder = this.#finish(transaction, decision.grant, result);
      if (remainder) await remainder;
    } finally {
      this.#limits.leave(match.route);
    }
  }

  /** @returns the token, or why there is none. On a public route Authorization is not read, and `authorize` ignores the result. */
  #verify(head: RequestHead, route: Route): Verification | Promise<Verification> {
    if (route.public) return NO_TOKEN;
    const bearer = readBearerToken(head.authorization);
    return bearer.ok ? this.verifier.verify(bearer.token, Date.now()) : bearer;
  }

  #forward(
    { incoming, request, response }: Transaction,
    grant: Grant,
    head: RequestHead,
  ): Promise<ForwardResult | Upgraded> {
    if (incoming.kind === 'websocket') return this.#upstreams.upgrade(grant, head, { ...incoming, response });
    if (head.expectsContinue) response.writeContinue();
    return this.#upstreams.forward(grant, head, request, response);
  }

  /** Replies where the client got no response. @returns settles with what is left: the tunnel, or the body of the request. */
  #finish(transaction: Transaction, grant: Grant, result: ForwardResult | Upgraded): Promise<void> | undefined {
    transaction.upstreamMs = result.responseMs;
    switch (result.end) {
      case 'upgraded':
        transaction.upgraded = true;
        return this.#awaitTunnel(result.tunnel, transaction.request.socket);
      case 'expired':
        this.#telemetry.metrics.recordEnded('token_expired');
        if (transaction.response.headersSent) return discardBody(transaction);
        return this.#refuse(transaction, 'token_expired', { scopes: grant.scopes, allow: [] });
      case 'complete':
        return discardBody(transaction);
      case 'client_gone':
        transaction.response.destroy();
        return undefined;
      case 'body_too_large':
      case 'request_timeout':
      case 'malformed_request':
        return this.#refuse(transaction, result.end);
      default:
        transaction.failure = result.end;
        return this.#reply(transaction, createFailure(result.end.reason, transaction.requestId));
    }
  }

  async #awaitTunnel(tunnel: Tunnel, client: Socket): Promise<void> {
    const { metrics } = this.#telemetry;
    metrics.trackTunnel(client);
    const end = await this.#tunnels.waitForClose(tunnel);
    if (end) metrics.recordEnded(end);
  }

  #publish(transaction: Transaction, method: string, metadata: PublishedMetadata): undefined {
    if (metadata.kind === 'ambiguous') return this.#refuse(transaction, 'no_route');
    if (READ_METHODS.includes(method)) return this.#reply(transaction, createDocument(metadata.body));
    return this.#refuse(transaction, 'method_not_allowed', { scopes: [], allow: READ_METHODS });
  }

  #refuse(transaction: Transaction, reason: Reason, { scopes, allow }: RefusalFields = NO_FIELDS): undefined {
    transaction.refusedFor = reason;
    const route = transaction.match?.route;
    const challenge = route && !route.public ? createChallenge(reason, route, scopes) : undefined;
    const { requestId } = transaction;
    return this.#reply(transaction, createRefusal(reason, { requestId, challenge, allow }));
  }

  #reply(transaction: Transaction, reply: LocalReply): undefined {
    writeLocalReply(transaction, reply, this.config.timeouts.body);
  }

  /** Closes the connection if response bytes are unsent. If none are, the gateway waits for the upstream and not for the client. */
  readonly #onReadTimeout = (socket: Socket): void => {
    if (socket.writableLength === 0) return;
    this.#telemetry.metrics.recordEnded('slow_reader');
    socket.destroy();
  };

  /** Passes the routes and issuers of this configuration to the metrics. */
  configureMetrics(): void {
    this.#telemetry.metrics.configure(this.config.routes, this.#indexes.audiences, [...this.config.issuers.keys()]);
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
    await this.#upstreams.close();
  }

  /** Closes every tunnel and every connection to an upstream at once. */
  destroy(): void {
    this.#tunnels.destroy();
    this.#upstreams.destroy();
  }
}
