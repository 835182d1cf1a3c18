/**
 * The path of a request, in the order in which it runs: handle, run, serve, forward, settle, refuse. Each step takes the type
 * that the step before it returns, so none can be skipped or swapped.
 */

import type { Socket } from 'node:net';
import { type AuthorizationDenial, authorize, type Grant } from './authorization/authorize.ts';
import { createChallenge } from './challenge/challenge.ts';
import { findMetadata, type PublishedMetadata } from './challenge/metadata.ts';
import { createDocument, createFailure, createRefusal } from './challenge/refusal.ts';
import { discardBody, type LocalReply, writeLocalReply } from './client/local-reply.ts';
import type { IncomingRequest } from './client/request-queue.ts';
import { ConcurrencyLimit, RequestCount } from './concurrency-limit.ts';
import type { Config, Route } from './config/config.ts';
import { deny, type Reason } from './denial.ts';
import { createIndexes, createIndexesInSlices, type Indexes } from './indexes.ts';
import { type Match, matchRequest } from './route/match.ts';
import { type RequestHead, readRequestHead } from './route/request-head.ts';
import { isWebSocketHandshake } from './route/websocket-handshake.ts';
import { createVerifierEvents, logFault, recordRequest, type Telemetry } from './telemetry/telemetry.ts';
import { readBearerToken } from './token/bearer.ts';
import { fetchDirectly, type KeyFetcher } from './token/keys/key-source.ts';
import { TokenVerifier, type Verification } from './token/verifier.ts';
import { Transaction } from './transaction.ts';
import type { ForwardResult } from './upstream/forward.ts';
import type { Tunnel } from './upstream/tunnel.ts';
import { Tunnels } from './upstream/tunnels.ts';
import type { Upgraded } from './upstream/upgrade.ts';
import { Upstreams } from './upstream/upstreams.ts';

/** What a request would have needed, for its refusal. */
type Needs = Pick<AuthorizationDenial, 'scopes' | 'allow'>;

const NO_NEEDS: Needs = { scopes: [], allow: [] };
const READ_METHODS = ['GET', 'HEAD'];

/** What serves with one configuration, which never changes: a reload makes a new gateway, and the server swaps it in. */
export class Gateway {
  readonly config: Config;
  readonly verifier: TokenVerifier;
  readonly #telemetry: Telemetry;
  readonly #indexes: Indexes;
  readonly #upstreams: Upstreams;
  readonly #tunnels = new Tunnels();
  readonly #concurrency: ConcurrencyLimit;
  readonly #underWay = new RequestCount();
  #stopped: Promise<void> | undefined;

  /**
   * @param previous the gateway that this one follows: connections, keys and verified tokens that are still valid are kept.
   * @param indexes of the routes of `config`; by default they are made at once.
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
    this.#upstreams = new Upstreams(config, previous ? previous.#upstreams : undefined);
    this.#concurrency = previous ? previous.#concurrency : new ConcurrencyLimit();
    this.verifier = new TokenVerifier(config.issuers, createVerifierEvents(telemetry), previous?.verifier, fetchKeys);
  }

  /** @returns the gateway that follows `previous`, made in slices, so that requests are served in between. */
  static async follow(
    previous: Gateway | undefined,
    config: Config,
    telemetry: Telemetry,
    fetchKeys?: KeyFetcher,
  ): Promise<Gateway> {
    const indexes = await createIndexesInSlices(config.routes);
    return new Gateway(config, telemetry, previous, fetchKeys, indexes);
  }

  /** Serves one request. Settles when its response has closed and it has been recorded; never rejects. */
  handle(incoming: IncomingRequest): Promise<void> {
    return this.#run(new Transaction(incoming));
  }

  /** The one place where faults are caught. They are refused with `internal`, never with a 401 that blames the caller. */
  async #run(transaction: Transaction): Promise<void> {
    this.#underWay.enter();
    const closed = transaction.watch(this.#onReadTimeout);
    try {
      await this.#serve(transaction);
    } catch (fault) {
      logFault(this.#telemetry.log, transaction.requestId, fault);
      this.#refuse(transaction, 'internal');
    }
    if (!transaction.upgraded) await closed;
    recordRequest(this.#telemetry, transaction.finish());
    this.#underWay.leave();
  }

  /** Finds the route. @returns what is still to wait for; `undefined` where it was replied to here. */
  #serve(transaction: Transaction): Promise<void> | undefined {
    const { incoming, request } = transaction;
    if (incoming.kind === 'refused') return this.#refuse(transaction, incoming.reason);
    if (incoming.kind === 'websocket' && !isWebSocketHandshake(request)) {
      return this.#refuse(transaction, 'malformed_request');
    }

    const head = readRequestHead(request);
    if (!head.ok) return this.#refuse(transaction, head.reason);
    transaction.head = head;

    const metadata = findMetadata(this.#indexes.metadata, head.target, head.authority);
    if (metadata.kind !== 'none') return this.#publish(transaction, head.method, metadata);

    const match = matchRequest(this.#indexes.routes, head);
    if (!match.ok) return this.#refuse(transaction, match.reason);
    transaction.match = match;
    return this.#authorize(transaction, head, match);
  }

  async #authorize(transaction: Transaction, head: RequestHead, match: Match): Promise<void> {
    const verification = match.route.public ? deny('missing_token') : this.#verify(head);
    const presented = verification instanceof Promise ? await verification : verification;
    const decision = authorize(this.#indexes.audiences, match, head.method, presented);
    transaction.decision = decision;
    if (!decision.grant) return this.#refuse(transaction, decision.denial.reason, decision.denial);

    // While the token was verified the client may have closed, or sent bytes that ended the connection.
    if (transaction.response.destroyed) return;
    if (isTooLarge(head, match.route)) return this.#refuse(transaction, 'body_too_large');
    if (!this.#concurrency.enter(match.route)) return this.#refuse(transaction, 'overloaded');
    try {
      const result = await this.#forward(transaction, decision.grant, head);
      const settled = this.#settle(transaction, decision.grant, result);
      if (settled) await settled;
    } finally {
      this.#concurrency.leave(match.route);
    }
  }

  #verify(head: RequestHead): Verification | Promise<Verification> {
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

  /** Replies to what failed. @returns what is still to wait for: the end of a tunnel, or of the request's body. */
  #settle(transaction: Transaction, grant: Grant, result: ForwardResult | Upgraded): Promise<void> | undefined {
    transaction.upstreamMs = result.responseMs;
    switch (result.end) {
      case 'upgraded':
        transaction.upgraded = true;
        return this.#keepOpen(result.tunnel, transaction.request.socket);
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

  async #keepOpen(tunnel: Tunnel, client: Socket): Promise<void> {
    const { metrics } = this.#telemetry;
    metrics.trackTunnel(client);
    const end = await this.#tunnels.keep(tunnel);
    if (end) metrics.recordEnded(end);
  }

  #publish(transaction: Transaction, method: string, metadata: PublishedMetadata): undefined {
    if (metadata.kind === 'ambiguous') return this.#refuse(transaction, 'no_route');
    if (READ_METHODS.includes(method)) return this.#reply(transaction, createDocument(metadata.body));
    return this.#refuse(transaction, 'method_not_allowed', { scopes: [], allow: READ_METHODS });
  }

  #refuse(transaction: Transaction, reason: Reason, needs: Needs = NO_NEEDS): undefined {
    transaction.refused = reason;
    const route = transaction.match?.route;
    const challenge = route && !route.public ? createChallenge(reason, route, needs.scopes) : undefined;
    const { requestId } = transaction;
    return this.#reply(transaction, createRefusal(reason, { requestId, challenge, allow: needs.allow }));
  }

  #reply(transaction: Transaction, reply: LocalReply): undefined {
    writeLocalReply(transaction, reply, this.config.timeouts.body);
  }

  /** Closes a client's connection that does not read; one for which no data waits is not slow. */
  readonly #onReadTimeout = (socket: Socket): void => {
    if (socket.writableLength === 0) return;
    this.#telemetry.metrics.recordEnded('slow_reader');
    socket.destroy();
  };

  /** Tells the metrics which routes and issuers exist from now on. */
  configureMetrics(): void {
    this.#telemetry.metrics.configure(this.config.routes, this.#indexes.audiences, [...this.config.issuers.keys()]);
  }

  /** Fetches keys. Settles after the first attempt of every issuer; one that failed is repeated without a call. */
  start(): Promise<void> {
    return this.verifier.start();
  }

  /** Ends every WebSocket with a close frame, also those whose handshake is still under way. */
  endTunnels(): void {
    this.#tunnels.drain();
  }

  /** Once the requests under way have finished, stops fetching keys and closes the upstream connections. */
  stop(): Promise<void> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  async #finish(): Promise<void> {
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

function isTooLarge({ contentLength = 0 }: RequestHead, { limits }: Route): boolean {
  return limits.body !== undefined && contentLength > limits.body;
}
