/** The state of one request. Each step sets its result here; all of it is recorded when nothing of the request is left. */

import type { BlockList } from 'node:net';
import type { Decision } from './authorization/authorize.ts';
import type { LocalReply } from './challenge/refusal.ts';
import type { Endpoint } from './config/upstream-config.ts';
import type { Failure, Outcome, Reason } from './denial.ts';
import { valuesOf } from './http/header-list.ts';
import type { RequestHead as ParsedHead, RequestEnd, RequestHandler } from './http/message.ts';
import type { IncomingRequest } from './http/server/incoming-request.ts';
import type { McpRequest } from './mcp/mcp-request.ts';
import type { McpSessions, RequestSession } from './mcp-sessions.ts';
import { isAuthority } from './route/authority.ts';
import { toLoggablePath } from './route/loggable-path.ts';
import type { Match } from './route/match.ts';
import type { RequestHead } from './route/request-head.ts';
import type { FinishedRequest, Via } from './telemetry/finished-request.ts';
import { recordMcp } from './telemetry/mcp-record.ts';
import { readTraceId } from './telemetry/trace-context.ts';
import { readBearerToken } from './token/bearer.ts';
import type { IssuedToken } from './token/exchange/issued-token.ts';
import type { VouchedClaims } from './token/revocation.ts';
import { readUnverified, type UnverifiedToken } from './token/unverified.ts';
import { isTrustedPeer, readClientAddress, readNearestClient } from './upstream/client-info/client-info.ts';
import { REQUEST_ID_FIELD, readRequestId } from './upstream/client-info/request-id.ts';
import type { ForwardEnd } from './upstream/response-handler.ts';
import type { Tunnel } from './upstream/tunnel.ts';
import type { UpgradeEvents } from './upstream/upgrade.ts';
import type { Additions } from './upstream/upstreams.ts';
import type { WholeBody } from './whole-body.ts';

/** Logged where the client closed before a response was sent. The code is nginx's, since none is registered. */
const CLIENT_CLOSED_REQUEST = 499;

/** What the gateway does when something happens to a request. */
export interface TransactionEvents {
  /** The upstream's part has ended. */
  onForwarded(transaction: Transaction, end: ForwardEnd): void;
  onUpgraded(transaction: Transaction, tunnel: Tunnel): void;
  onFault(transaction: Transaction, fault: unknown): void;
  /** Called once and last: the request is over, and no step of it is left. */
  onFinished(transaction: Transaction, end: RequestEnd): void;
}

/** Handles the events of its request, until it is forwarded and then handled by what forwards it. */
export class Transaction implements RequestHandler, UpgradeEvents, Additions {
  readonly requestId: string;
  /** Names and values that every response gets, of ours or of the upstream. They replace what the upstream sends under these names. */
  readonly responseFields: string[];
  readonly request: IncomingRequest;
  readonly via: Via;
  /** What the client asks for: `request` itself, or what another proxy asks about in it, once that was read. */
  original: ParsedHead;
  /** Whether the body of `request` is all that the client sends. */
  hasWholeBody = true;
  /** What another proxy gets of a reply of ours, where that is not the reply itself. */
  formReply: ((reply: LocalReply, reason: Reason | undefined) => LocalReply) | undefined;
  readonly #events: TransactionEvents;
  readonly #trusted: BlockList | undefined;
  readonly #startedAt = performance.now();
  head: RequestHead | undefined;
  match: Match | undefined;
  decision: Decision | undefined;
  /** Of its token, whatever else is wrong with it. */
  vouched: VouchedClaims | undefined;
  /** On a route with `mcp`: what it asks for, once that was read. */
  asked: McpRequest | undefined;
  /** Where it is to be told whose a session is: not for another proxy, which forwards the ids as they are. */
  sessions: McpSessions | undefined;
  /** On a route with `mcp` whose sessions are bound. */
  session: RequestSession | undefined;
  /** Where that was read from the body. */
  body: WholeBody | undefined;
  /** What the upstream gets as Authorization, on a route with `exchange`. */
  issued: IssuedToken | undefined;
  /** Whether it asks for a WebSocket. */
  isHandshake = false;
  /** Whether it counts for `limits.in_flight`. */
  isInFlight = false;
  /** Why it was refused, by the decision or by another step. */
  refusedFor: Reason | undefined;
  failure: Failure | undefined;
  #upstreamMs: number | undefined;
  #upstream: string | undefined;
  #tunnel: Tunnel | undefined;
  /** Steps under way that the end of the request does not end: one of them may begin another. */
  #waiting = 0;
  #end: RequestEnd | undefined;
  /** The status that the client gets of a reply that was formed for another proxy. */
  #formed: number | undefined;

  /** @param trusted whose X-Request-Id and whose word about the client is continued; on the authorizer every peer's is. */
  constructor(request: IncomingRequest, events: TransactionEvents, trusted?: BlockList, via: Via = 'proxy') {
    this.request = request;
    this.original = request.head;
    this.via = via;
    this.#events = events;
    this.#trusted = trusted;
    const isTrusted = via === 'authorizer' || isTrustedPeer(trusted, request.peer);
    this.requestId = readRequestId(isTrusted, request.head.fields);
    this.responseFields = [REQUEST_ID_FIELD, this.requestId];
    request.handler = this;
  }

  /** Goes on with `next` when `step` has settled. A client that leaves meanwhile is still decided on, and recorded. */
  wait<Result>(step: Promise<Result>, next: (result: Result) => void): void {
    this.#waiting += 1;
    step
      .then(next)
      .catch((fault: unknown) => this.onFault(fault))
      .then(() => {
        this.#waiting -= 1;
        if (this.#end && this.#waiting === 0) this.#events.onFinished(this, this.#end);
      });
  }

  /** Writes a reply of our own, or resets the connection where another response has begun. */
  reply(reply: LocalReply): undefined {
    // A body that no rule needed: where all of it has come, the connection goes on.
    if (this.via === 'authorizer') this.request.dropBody();
    if (this.formReply) this.#formed = reply.status;
    const { status, protocol, headers, body } = this.formReply?.(reply, this.refusedFor) ?? reply;
    const fields = [...headers, ...this.responseFields];
    this.request.respond({ status, reason: '', fields, offered: protocol }, Buffer.from(body));
  }

  /** No body is read before the request is forwarded. */
  onBody(): boolean {
    return true;
  }

  onBodyEnd(): void {
    // As for `onBody`.
  }

  onBodyError(): void {
    // As for `onBody`.
  }

  onClientReady(): void {
    // A reply of our own is written at once.
  }

  onResponse(): void {
    this.body?.release();
  }

  onForwarded(end: ForwardEnd, responseMs: number | undefined, endpoint: Endpoint | undefined): void {
    this.#upstreamMs = responseMs;
    this.#upstream = endpoint?.label;
    this.#events.onForwarded(this, end);
  }

  onUpgraded(tunnel: Tunnel, responseMs: number, endpoint: Endpoint | undefined): void {
    this.#upstreamMs = responseMs;
    this.#tunnel = tunnel;
    this.#upstream = endpoint?.label;
    this.#events.onUpgraded(this, tunnel);
  }

  onFault(fault: unknown): void {
    this.#events.onFault(this, fault);
  }

  onClose(end: RequestEnd): void {
    this.#end = end;
    if (this.#waiting === 0) this.#events.onFinished(this, end);
  }

  /** @returns the record of the request. Call it once, when no step is left. */
  finish(): FinishedRequest {
    const { request, decision, original } = this;
    const { fields } = original;
    const { received, sent } = this.#tunnel?.traffic ?? request;
    return {
      requestId: this.requestId,
      traceId: readTraceId(fields),
      via: this.via,
      client: this.#client(),
      route: this.match?.route,
      method: original.method,
      host: this.#host(),
      path: this.#path(),
      status: this.#status(),
      outcome: this.#outcome(),
      denial: this.#denial(),
      excused: this.refusedFor ? [] : (decision?.excused ?? []),
      failure: this.failure,
      upstream: this.#upstream,
      bytesIn: received,
      bytesOut: sent,
      mcp: recordMcp(this.asked, decision?.denial),
      verified: decision?.verified,
      unverified: this.#unverified(),
      scopes: decision?.scopes,
      durationMs: performance.now() - this.#startedAt,
      upstreamMs: this.#upstreamMs,
    };
  }

  #client(): string {
    const peer = { ...this.request.peer, fields: this.original.fields };
    return this.via === 'authorizer' ? readNearestClient(peer) : readClientAddress(this.#trusted, peer);
  }

  #status(): number {
    if (this.#tunnel) return 101;
    const { status } = this.request;
    return status === undefined ? CLIENT_CLOSED_REQUEST : (this.#formed ?? status);
  }

  #host(): string {
    if (this.head) return this.head.authority ?? '';
    const [host = ''] = valuesOf(this.original.fields, 'host');
    return isAuthority(host) ? host : '';
  }

  /** The canonical path, as forwarded. Where it is `ambiguous_path`, the path as sent, masked by `toLoggablePath`. */
  #path(): string {
    const { head, match } = this;
    if (!head?.path.ok) return toLoggablePath(head?.sentPath ?? this.original.target);
    if (this.refusedFor === 'ambiguous_path') return toLoggablePath(head.sentPath);
    if (head.path.contested.length === 0) return head.path.text;
    return toLoggablePath(match && !match.isAmbiguous ? head.path.text : head.sentPath);
  }

  /** Of a token that was judged. */
  #unverified(): UnverifiedToken | undefined {
    const { decision, head, match } = this;
    if (!decision || decision.verified || !head || match?.route.public) return undefined;
    const bearer = readBearerToken(head.authorization);
    return bearer.ok ? readUnverified(bearer.token) : undefined;
  }

  #outcome(): Outcome {
    if (this.refusedFor) return 'denied';
    if (this.failure) return 'failed';
    return this.decision?.denial ? 'reported' : 'forwarded';
  }

  /** A refusal after the decision, as for a fault, is recorded with its own reason instead. */
  #denial(): FinishedRequest['denial'] {
    const decided = this.decision?.denial;
    if (this.refusedFor && this.refusedFor !== decided?.reason) return { reason: this.refusedFor };
    return decided;
  }
}
