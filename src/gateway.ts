/**
 * The steps of a request, in the order in which they run: `handle`, `#serve` (head, route), `#verify` (token), `#decide`
 * (decision, limits), `#forward`, `#onForwarded`, `#finish`. Each may end in `#refuse`. `#forward` needs a `Grant`, which only
 * `authorize()` makes; the order of the other steps is defined only here.
 */

import { type AuthorizationDenial, authorize, type Grant } from './authorization/authorize.ts';
import { BodyMemory } from './body-memory.ts';
import { createChallenge } from './challenge/challenge.ts';
import { findMetadata, type PublishedMetadata } from './challenge/metadata.ts';
import { createDocument, createFailure, createRefusal } from './challenge/refusal.ts';
import type { Config, Route } from './config/config.ts';
import { deny, type Reason } from './denial.ts';
import type { RequestEnd } from './http/message.ts';
import type { IncomingRequest } from './http/server/incoming-request.ts';
import { createIndexes, type Indexes } from './indexes.ts';
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

/** Of a refusal: `scopes` goes into WWW-Authenticate, `allow` into Allow. */
type RefusalFields = Pick<AuthorizationDenial, 'scopes' | 'furtherScopes' | 'allow'>;

const NO_FIELDS: RefusalFields = { scopes: [], furtherScopes: [], allow: [] };
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
    const upstreams = previous ? previous.#upstreams : undefined;
    this.#upstreams = new Upstreams(config, createUpstreamEvents(telemetry.log), upstreams);
    this.#limits = previous ? previous.#limits : new RouteLimits();
    this.#bodies = previous ? previous.#bodies : new BodyMemory();
    this.verifier = new TokenVerifier(config.issuers, createVerifierEvents(telemetry), previous?.verifier, fetchKeys);
  }

  /** Serves one request. Returns at once, and throws nothing; `stop` waits for it. */
  handle(request: IncomingRequest): void {
    this.#underWay.enter();
    const transaction = new Transaction(request, this.#events, this.#upstreams.trusted);
    try {
      this.#serve(transaction);
    } catch (fault) {
      this.#fail(transaction, fault);
    }
  }

  /** Checks the head and finds the route. */
  #serve(transaction: Transaction): undefined {
    const { unparsed, head: incoming } = transaction.request;
    if (unparsed !== undefined) return this.#refuse(transaction, unparsed);

    const handshake = readHandshake(incoming);
    transaction.isHandshake = handshake === 'websocket';
    if (typeof handshake === 'object') return this.#refuse(transaction, handshake.reason);

    const head = readRequestHead(incoming);
    if (!head.ok) return this.#refuse(transaction, head.reason);
    transaction.head = head;
    // What follows a handshake may be frames, whatever becomes of it.
    if (transaction.isHandshake) transaction.request.closeAfter();

    const metadata = findMetadata(this.#indexes.metadata, head.target, head.authority);
    if (metadata.kind !== 'none') return this.#publish(transaction, head.method, metadata);

    const match = matchRequest(this.#indexes.routes, head);
    if (!match.ok) return this.#refuse(transaction, match.reason);
    transaction.match = match;

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
    // While the token was verified the client may have closed, or sent bytes that ended the connection.
    if (transaction.request.isOver) return;
    if ('refused' in decision) return this.#ask(transaction, head, match, decision.refused);
    if (!decision.grant) return this.#refuse(transaction, decision.denial.reason, decision.denial);
    if (this.#enter(transaction, head, match)) this.#forward(transaction, decision.grant, head);
  }

  /** Reads what is asked of an MCP server, and decides on that. The body may take minutes, so its token is judged again. */
  #ask(transaction: Transaction, head: RequestHead, match: Match, refused: AuthorizationDenial | undefined): undefined {
    const { mcp, limits } = match.route;
    if (!mcp || !this.#enter(transaction, head, match)) return;
    const { body: timeout } = this.config.timeouts;
    const size = limits.body ?? Number.POSITIVE_INFINITY;
    readAsked(transaction, head, mcp, { size, timeout }, this.#bodies, asked => {
      if (!asked.ok) return this.#refuse(transaction, refused?.reason ?? asked.reason, refused);
      transaction.asked = asked;
      this.#judge(transaction, head, match);
    });
  }

  /** @returns whether the request is within the limits of its route; it is refused otherwise. */
  #enter(transaction: Transaction, head: RequestHead, { route }: Match): boolean {
    if (transaction.isInFlight) return true;
    const exceeded = this.#limits.enter(route, head.contentLength);
    if (exceeded) this.#refuse(transaction, exceeded);
    transaction.isInFlight = exceeded === undefined;
    return transaction.isInFlight;
  }

  #forward(transaction: Transaction, grant: Grant, head: RequestHead): void {
    const { request, isHandshake, responseFields } = transaction;
    responseFields.push(...createNotice(grant.match.route, grant.reported));
    if (isHandshake) this.#upstreams.upgrade(grant, head, request, transaction);
    else this.#upstreams.forward(grant, head, request, transaction);
  }

  /** Replies where the client got no response. */
  #onForwarded(transaction: Transaction, end: ForwardEnd): undefined {
    switch (end) {
      case 'complete':
      case 'client_gone':
        return;
      case 'expired':
        this.#telemetry.metrics.recordEnded('token_expired');
        if (transaction.request.status === undefined) this.#refuse(transaction, 'token_expired', scopesOf(transaction));
        return;
      case 'body_too_large':
      case 'request_timeout':
      case 'malformed_request':
        return this.#refuse(transaction, end);
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

  #publish(transaction: Transaction, method: string, metadata: PublishedMetadata): undefined {
    if (metadata.kind === 'ambiguous') return this.#refuse(transaction, 'no_route');
    if (READ_METHODS.includes(method)) return transaction.reply(createDocument(metadata.body));
    this.#refuse(transaction, 'method_not_allowed', { ...NO_FIELDS, allow: READ_METHODS });
  }

  #refuse(
    transaction: Transaction,
    reason: Reason,
    { scopes, furtherScopes, allow }: RefusalFields = NO_FIELDS,
  ): undefined {
    transaction.refusedFor = reason;
    // What is wrong with a head may hide where it ends: what follows is no request.
    if (!transaction.head) transaction.request.closeAfter();
    const route = transaction.match?.route;
    const challenge = route && !route.public ? createChallenge(reason, route, scopes, furtherScopes) : undefined;
    transaction.reply(createRefusal(reason, { requestId: transaction.requestId, challenge, allow }));
  }

  /** Refuses with `internal` after an exception: never with a 401, which would blame the caller. */
  #fail(transaction: Transaction, fault: unknown): void {
    logFault(this.#telemetry.log, transaction.requestId, fault);
    try {
      this.#refuse(transaction, 'internal');
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
      recordRequest(this.#telemetry, transaction.finish());
    } catch (fault) {
      logFault(this.#telemetry.log, transaction.requestId, fault);
    } finally {
      this.#underWay.leave();
    }
  }

  /** Passes the routes and issuers of this configuration to the metrics. */
  configureMetrics(): void {
    this.#telemetry.metrics.configure(this.config.routes, this.#indexes.audiences, [...this.config.issuers.values()]);
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

function scopesOf({ decision }: Transaction): RefusalFields {
  return { ...NO_FIELDS, scopes: decision?.grant?.scopes ?? [] };
}
