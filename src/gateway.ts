/**
 * The steps of a request, in the order in which they run: `handle`, `#serve` (head, metadata, route, CORS), `DecisionSteps.judge` (Origin,
 * token, decision, limits), `#forward`, `#onForwarded`, `#finish`. Each may end in a reply of our own (local-replies.ts), mostly in
 * `refuse`. `#forward` needs a `Grant`, which only `authorize()` makes; the order of the other steps is defined only here and in
 * decision-steps.ts. What another proxy asks comes in by `answer`, and takes the steps of authorizer/authorizer.ts.
 */

import type { Grant } from './authorization/authorize.ts';
import { Authorizer } from './authorizer/authorizer.ts';
import { findMetadata } from './challenge/metadata.ts';
import type { Config } from './config/config.ts';
import type { RevokedTokens } from './config/revoked/revoked-tokens.ts';
import { DecisionSteps } from './decision-steps.ts';
import type { RequestEnd } from './http/message.ts';
import type { IncomingRequest } from './http/server/incoming-request.ts';
import { createIndexes, type Indexes } from './indexes.ts';
import { applyCors, publish, refuse, replyToEnd } from './local-replies.ts';
import { McpSessions } from './mcp-sessions.ts';
import { OpenExchanges } from './open-exchanges.ts';
import { RequestCount } from './request-count.ts';
import { matchRequest } from './route/match.ts';
import { type RequestHead, readRequestHead } from './route/request-head.ts';
import { readHandshake } from './route/websocket-handshake.ts';
import {
  createExchangeEvents,
  createVerifierEvents,
  logFault,
  recordRequest,
  type Telemetry,
} from './telemetry/telemetry.ts';
import { createUpstreamEvents } from './telemetry/upstream-events.ts';
import { TokenExchange } from './token/exchange/token-exchange.ts';
import { fetchDirectly, type KeyFetcher } from './token/keys/key-source.ts';
import { TokenVerifier } from './token/verifier.ts';
import { Transaction, type TransactionEvents } from './transaction.ts';
import type { ForwardEnd } from './upstream/response-handler.ts';
import { createNotice } from './upstream/response-headers.ts';
import type { Tunnel } from './upstream/tunnel.ts';
import { Tunnels } from './upstream/tunnels.ts';
import { hasUpstream, Upstreams } from './upstream/upstreams.ts';

/** Handles requests under one immutable configuration. A reload creates a new gateway, and `Server.swap` uses it for new requests. */
export class Gateway {
  readonly config: Config;
  readonly verifier: TokenVerifier;
  readonly #telemetry: Telemetry;
  readonly #indexes: Indexes;
  readonly upstreams: Upstreams;
  readonly #sessions: McpSessions;
  readonly #tunnels = new Tunnels();
  readonly #open = new OpenExchanges();
  readonly #steps: DecisionSteps;
  readonly #authorizer: Authorizer;
  readonly #exchanges: TokenExchange;
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
   * @param sessions of MCP servers, where they are not those of `previous`.
   * @param indexes of the routes of `config`; by default they are created here.
   */
  constructor(
    config: Config,
    telemetry: Telemetry,
    previous?: Gateway,
    fetchKeys: KeyFetcher = fetchDirectly,
    indexes = createIndexes(config.routes),
    sessions = new McpSessions(),
  ) {
    this.config = config;
    this.#telemetry = telemetry;
    this.#indexes = indexes;
    this.#sessions = previous ? previous.#sessions : sessions;
    const upstreams = previous ? previous.upstreams : undefined;
    this.upstreams = new Upstreams(config, createUpstreamEvents(telemetry.log), upstreams);
    const verifier = previous?.verifier;
    const verifierEvents = createVerifierEvents(telemetry);
    this.verifier = new TokenVerifier(config.issuers, verifierEvents, config.revoked, verifier, fetchKeys);
    const steps = previous ? previous.#steps : undefined;
    const exchanges = previous ? previous.#exchanges : undefined;
    this.#exchanges = new TokenExchange(indexes.audiences, createExchangeEvents(telemetry), exchanges);
    this.#steps = new DecisionSteps(config, indexes.audiences, this.verifier, this.#exchanges, steps);
    this.#authorizer = new Authorizer(config, indexes, this.#steps);
  }

  /** Serves one request. Returns at once, and throws nothing; `stop` waits for it. */
  handle(request: IncomingRequest): void {
    const transaction = new Transaction(request, this.#events, this.upstreams.trusted);
    transaction.sessions = this.#sessions;
    this.#run(transaction, this.#serve);
  }

  /** Answers one question of another proxy. As `handle`. */
  answer(request: IncomingRequest): void {
    if (!this.#authorizer.admits(request)) {
      this.#telemetry.metrics.recordEnded('unknown_peer');
      return;
    }
    const transaction = new Transaction(request, this.#events, undefined, 'authorizer');
    this.#run(transaction, this.#authorizer.serve);
  }

  #run(transaction: Transaction, serve: (transaction: Transaction) => undefined): void {
    this.#underWay.enter();
    try {
      serve(transaction);
    } catch (fault) {
      this.#fail(transaction, fault);
    }
  }

  /** Checks the head and finds the route. Metadata documents and preflights are answered here, without a token. */
  readonly #serve = (transaction: Transaction): undefined => {
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
    if (!hasUpstream(match.route)) return refuse(transaction, 'no_route');
    transaction.match = match;
    const { cors } = match.route;
    if (cors && applyCors(transaction, cors)) return;

    this.#steps.judge(transaction, head, match, this.#forward);
  };

  readonly #forward = (transaction: Transaction, grant: Grant, head: RequestHead): void => {
    const { request, isHandshake, responseFields } = transaction;
    responseFields.push(...createNotice(grant.match.route, grant.reported));
    this.#open.add(transaction);
    const handler = this.upstreams[isHandshake ? 'upgrade' : 'forward'](grant, head, request, transaction);
    this.#open.endBy(transaction, () => handler.onRevoked());
  };

  #onForwarded(transaction: Transaction, end: ForwardEnd): void {
    if (end === 'expired' || end === 'revoked') this.#telemetry.metrics.recordEnded(`token_${end}`);
    replyToEnd(transaction, end);
  }

  /** The request is over when its tunnel has closed. */
  #onUpgraded(transaction: Transaction, tunnel: Tunnel): void {
    const { metrics } = this.#telemetry;
    metrics.trackTunnel(tunnel.client);
    this.#open.endBy(transaction, () => tunnel.end('token_revoked'));
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
    this.#steps.finish(transaction);
    this.#open.delete(transaction);
    try {
      if (end === 'slow_reader') this.#telemetry.metrics.recordEnded(end);
      recordRequest(this.#telemetry, transaction.finish(), this.config.accessLog);
    } catch (fault) {
      logFault(this.#telemetry.log, transaction.requestId, fault);
    } finally {
      this.#underWay.leave();
    }
  }

  /** Tokens are revoked by a later configuration: requests under way are judged by that, and end where their token is among these. */
  revoke(revoked: RevokedTokens): void {
    this.verifier.revoke(revoked);
    const onFault = (transaction: Transaction, fault: unknown) => this.#fail(transaction, fault);
    this.#open.endRevoked(revoked, onFault).catch((fault: unknown) => logFault(this.#telemetry.log, '', fault));
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
    this.#exchanges.release();
    await this.upstreams.close();
  }

  /** Closes every tunnel and every connection to an upstream at once. */
  destroy(): void {
    this.#tunnels.destroy();
    this.upstreams.destroy();
  }

  /** Ends the calls to issuers and token endpoints that requests wait for, so that these are recorded. To be called when their clients have gone. */
  endCalls(): void {
    this.verifier.stop();
    this.#exchanges.release();
  }
}
