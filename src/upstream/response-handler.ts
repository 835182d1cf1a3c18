/**
 * The response to one request, from the upstream to the client (RFC 9112 sections 6 to 8), and the client's side of it. How the
 * request gets to the upstream is said by what extends it.
 */

import type { Socket } from 'node:net';
import type { Endpoint } from '../config/upstream-config.ts';
import type { BodyReason, Failure } from '../denial.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { AttemptFailure, AttemptHandler, RequestEnd, RequestHandler, ResponseHead } from '../http/message.ts';
import type { IncomingRequest } from '../http/server/incoming-request.ts';
import { authenticatesConnection } from './authenticated-connection.ts';
import type { Expiry } from './expiry.ts';
import { readFailure } from './failure.ts';
import { createHints, createResponseHeaders, isEventStream, type ResponseEdits } from './response-headers.ts';
import { startTimer, type Timer } from './timer.ts';

/**
 * How forwarding a request ended. `client_gone`: the client's connection closed, or it did not read. `expired`: the token did. `revoked`: it was.
 * With a failure a part of the response may have left already.
 */
export type ForwardEnd = 'complete' | 'client_gone' | 'expired' | 'revoked' | BodyReason | Failure;

/** What the request is recorded by. */
export interface ForwardEvents {
  /** The head of the response has come, before `onForwarded`: the body of the request is needed no more. Not with a WebSocket. */
  onResponse(): void;
  /**
   * Called once. Unless it is `complete`, or `expired` or `revoked` in a response that has begun, a reply is still to be written.
   *
   * @param responseMs from dispatch to the head of the response; `undefined` where none came.
   * @param endpoint the last one that the request was sent to; `undefined` where it was sent to none.
   */
  onForwarded(end: ForwardEnd, responseMs: number | undefined, endpoint: Endpoint | undefined): void;
  /** The client's side has ended, in whatever way. Called once, after `onForwarded`. */
  onClose(end: RequestEnd): void;
  /** An exception, instead of `onForwarded` or after it. */
  onFault(fault: unknown): void;
}

export interface ResponseLimits {
  /** Fields of ours, which replace the upstream's of these names. */
  readonly added: HeaderList;
  readonly edits: ResponseEdits;
  /** `undefined`: the request goes on whatever becomes of a token. */
  readonly expiry: Expiry | undefined;
}

/** Where the response comes from. */
export interface ResponseSource {
  /** After `onData` returned false: the next piece may come. */
  resume(): void;
  /** Nothing more of it is wanted. */
  abort(): void;
  /** The connection to the upstream is used for `client` only, and closed with it. */
  reserveFor(client: Socket): void;
}

/** Milliseconds for a client to read the end of an event stream. */
const LAST_READ_TIME = 1_000;

export abstract class ResponseHandler implements AttemptHandler, RequestHandler {
  protected readonly request: IncomingRequest;
  protected readonly events: ForwardEvents;
  /** To be set when the request is sent. */
  protected source: ResponseSource | undefined;
  /** To be set likewise: where the response comes from. */
  protected endpoint: Endpoint | undefined;
  readonly #limits: ResponseLimits;
  readonly #startedAt = performance.now();
  #responseMs: number | undefined;
  #isOver = false;
  #expiry: Timer | undefined;
  #isEvents = false;

  constructor(request: IncomingRequest, limits: ResponseLimits, events: ForwardEvents) {
    this.request = request;
    this.events = events;
    this.#limits = limits;
    request.handler = this;
    // The time counts from now: an upload may come first.
    this.startExpiry(limits.expiry?.request);
  }

  protected get isOver(): boolean {
    return this.#isOver;
  }

  protected get hasResponse(): boolean {
    return this.#responseMs !== undefined;
  }

  protected get elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  abstract onBody(piece: Buffer): boolean;
  abstract onBodyEnd(): void;
  abstract onUpstreamReady(): void;

  /** RFC 9110 section 15.2. All but Early Hints (RFC 8297) are for this hop, or say nothing that a client needs. */
  onInterim(status: number, fields: HeaderList): void {
    this.#reserveConnection(fields);
    const hints = status === 103 ? createHints(fields, this.#limits.edits, this.endpoint) : [];
    if (hints.length > 0) this.request.interim(status, hints);
  }

  onResponse({ status, reason, fields, body }: ResponseHead): void {
    this.#reserveConnection(fields);
    this.#responseMs = this.elapsed;
    this.#isEvents = isEventStream(fields);
    this.events.onResponse();
    this.#watchExpiry();
    this.request.start({ status, reason, fields: this.createResponseHeaders(fields), body });
  }

  onData(piece: Buffer): boolean {
    return this.request.write(piece);
  }

  onEnd(): void {
    this.conclude('complete');
    this.request.end();
  }

  onFailure(failure: AttemptFailure): void {
    this.conclude(readFailure(failure));
  }

  /** Not without a protocol that was asked for. */
  onSwitch(): void {
    throw new Error('the upstream switched the protocol');
  }

  onBodyError(reason: 'malformed_request' | 'request_timeout'): void {
    this.cancel(reason);
  }

  onClientReady(): void {
    this.source?.resume();
  }

  onClose(end: RequestEnd): void {
    this.cancel('client_gone');
    this.events.onClose(end);
  }

  /** The token has been revoked: whatever is under way ends, also where the end of the token itself would not end it. */
  onRevoked(): void {
    if (!this.#isOver) this.#endWithToken('revoked');
  }

  /** One of these calls has thrown. */
  onFault(fault: unknown): void {
    this.stop();
    this.source?.abort();
    this.events.onFault(fault);
  }

  /** Ends it from the client's side, or with the token. */
  protected cancel(why: ForwardEnd): void {
    if (this.#isOver) return;
    this.source?.abort();
    this.conclude(why);
  }

  protected conclude(end: ForwardEnd): void {
    if (this.#isOver) return;
    this.stop();
    this.events.onForwarded(end, this.#responseMs, this.endpoint);
  }

  /** Its end needs no further call of `events`. */
  protected stop(): void {
    this.#isOver = true;
    this.#expiry?.stop();
  }

  /** @returns the fields that the client gets of those of the upstream. */
  protected createResponseHeaders(fields: HeaderList): HeaderList {
    const { added, edits } = this.#limits;
    return createResponseHeaders(fields, added, edits, this.endpoint);
  }

  #reserveConnection(fields: HeaderList): void {
    const client = this.request.socket;
    if (client && authenticatesConnection(fields)) this.source?.reserveFor(client);
  }

  #watchExpiry(): void {
    const { expiry } = this.#limits;
    if (expiry) this.startExpiry(this.#isEvents ? expiry.events : expiry.others);
  }

  /** From now on the request ends at `at`; `undefined`: at no certain time. */
  protected startExpiry(at: number | undefined): void {
    this.#expiry?.stop();
    this.#expiry = at === undefined ? undefined : startTimer(at, () => this.#endWithToken('expired'));
  }

  /** Ends both directions. An event stream may end at any time; every other body must not look complete. */
  #endWithToken(why: 'expired' | 'revoked'): void {
    const hasBegun = this.request.status !== undefined;
    this.cancel(why);
    if (!hasBegun) return;
    if (this.#isEvents) this.request.end(LAST_READ_TIME);
    else this.request.abort();
  }
}
