/** One granted request over HTTP: streamed in both directions with back-pressure, cancelled from either side. */

import type { Socket } from 'node:net';
import type { Endpoint } from '../config/upstream-config.ts';
import type { Attempt, AttemptTimes } from '../http/client/attempt.ts';
import { mayRepeat } from '../http/client/pool.ts';
import type { AttemptFailure, OutgoingRequest, ResponseHead } from '../http/message.ts';
import type { IncomingRequest } from '../http/server/incoming-request.ts';
import type { ReadBody } from '../mcp/read-body.ts';
import { authenticatesConnection } from './authenticated-connection.ts';
import type { Member, RoundRobin } from './endpoints/round-robin.ts';
import { isWorthAnother, Tries } from './endpoints/tries.ts';
import { INCOMPLETE_RESPONSE, UNHEALTHY } from './failure.ts';
import { type ForwardEvents, ResponseHandler, type ResponseLimits } from './response-handler.ts';

/** What is sent, and on whose connections. */
export interface Outgoing {
  readonly members: RoundRobin;
  /** Without what the endpoint decides on. */
  readonly request: Omit<OutgoingRequest, 'target' | 'authority'>;
  readonly addressAt: (endpoint: Endpoint) => Pick<OutgoingRequest, 'target' | 'authority'>;
  readonly times: AttemptTimes;
  readonly limits: ForwardLimits;
}

/** The limits of the client and its token, and the fields that are added to the response. */
export interface ForwardLimits extends ResponseLimits {
  /** `undefined`: the request has no body. */
  readonly body: BodyLimits | undefined;
}

export interface BodyLimits {
  /** Bytes; `undefined`: any number. */
  readonly size: number | undefined;
  /** Milliseconds for the client to send the next piece, while the upstream is ready for it. */
  readonly timeout: number;
  /** All of it, where the decision depended on it: what the client sent is not read again. */
  readonly read: ReadBody | undefined;
}

/**
 * Sends a request with the body of `request`, and writes the upstream's response to it. Another endpoint gets it where nothing
 * was sent to the first, and where the first ended the connection without a response to what is harmless to repeat; the same
 * one, where it had just closed the kept-alive connection (RFC 9112 section 9.3.1). A request that cannot be sent as what it is
 * is a fault, since what is sent was decided here.
 *
 * @returns what may end it, unless it has ended.
 */
export function forward(outgoing: Outgoing, request: IncomingRequest, events: ForwardEvents): ResponseHandler {
  const forwarding = new Forwarding(outgoing, request, events);
  forwarding.start();
  return forwarding;
}

class Forwarding extends ResponseHandler {
  readonly #outgoing: Outgoing;
  readonly #tries: Tries;
  #attempt: Attempt | undefined;
  #received = 0;
  #hasBodyEnded = false;
  /** Once only, so that a request which ends one server does not end them all. */
  #mayRepeat: boolean;
  /** How it ended at an endpoint that it was sent to, where no connection to the next one says more. */
  #sent: { readonly failure: AttemptFailure; readonly endpoint: Endpoint | undefined } | undefined;
  /** The body, as long as nothing of it can have been sent; `undefined` where it is not needed any more. */
  #unsent: Buffer[] | undefined;

  constructor(outgoing: Outgoing, request: IncomingRequest, events: ForwardEvents) {
    super(request, outgoing.limits, events);
    this.#outgoing = outgoing;
    this.#tries = new Tries(outgoing.members);
    this.#mayRepeat = mayRepeat(outgoing.request);
    this.#unsent = this.#tries.hasOthers && outgoing.limits.body ? [] : undefined;
  }

  /** A request with a body takes a connection when the first piece of it is there: a slow client holds none. */
  start(): void {
    const { body } = this.#outgoing.limits;
    if (!body) this.#sendFirst();
    else if (body.read) this.#sendWhole(body.read.take());
    else this.request.startBody(body.timeout);
  }

  #sendWhole(body: Buffer): void {
    this.onBody(body);
    this.onBodyEnd();
  }

  onBody(piece: Buffer): boolean {
    if (this.isOver) return true;
    const { size } = this.#outgoing.limits.body ?? {};
    this.#received += piece.length;
    if (size !== undefined && this.#received > size) {
      this.cancel('body_too_large');
      return true;
    }
    if (!this.#attempt) this.#sendFirst();
    if (this.#attempt?.isConnected) this.#unsent = undefined;
    this.#unsent?.push(piece);
    return this.#attempt?.write(piece) ?? true;
  }

  onBodyEnd(): void {
    if (this.isOver) return;
    this.#hasBodyEnded = true;
    if (!this.#attempt) this.#sendFirst();
    this.#attempt?.end();
  }

  onUpstreamReady(): void {
    if (!this.#hasBodyEnded) this.request.resumeBody();
  }

  override onResponse(head: ResponseHead): void {
    this.#tries.onResponse();
    // Nothing is sent again, so nothing of the body is kept.
    this.#unsent = undefined;
    this.#attempt?.letGo();
    super.onResponse(head);
  }

  override onFailure(failure: AttemptFailure): void {
    this.#tries.onFailure(failure);
    if (failure.stage !== 'unsent') this.#sent = { failure, endpoint: this.endpoint };
    if (this.#mayTryAgain(failure) && this.#sendAgain(failure)) return;
    this.endpoint = this.#sent?.endpoint ?? this.endpoint;
    const last = this.#sent?.failure ?? failure;
    if (last.stage === 'stale') this.conclude(INCOMPLETE_RESPONSE);
    else super.onFailure(last);
  }

  #mayTryAgain(failure: AttemptFailure): boolean {
    if (failure.stage === 'unsent') {
      return isWorthAnother(failure) && (this.#unsent !== undefined || !this.#outgoing.limits.body);
    }
    const isEnded = failure.stage === 'stale' || failure.cause === 'reset';
    return isEnded && this.#mayRepeat && !this.hasResponse;
  }

  /** @returns `false` where no endpoint is left. */
  #sendAgain({ stage }: AttemptFailure): boolean {
    const client = this.request.socket;
    if (!client) return false;
    const member = this.#tries.next(client);
    if (!member) return false;
    if (stage !== 'unsent') this.#mayRepeat = false;
    this.#send(member, client);
    this.#writeAgain();
    return true;
  }

  /** What was written to the connection before, of which nothing has left. */
  #writeAgain(): void {
    const attempt = this.#attempt;
    if (!attempt || !this.#unsent) return;
    let mayWrite = true;
    for (const piece of this.#unsent) mayWrite = attempt.write(piece);
    if (this.#hasBodyEnded) attempt.end();
    else if (mayWrite) this.request.resumeBody();
  }

  #sendFirst(): void {
    // It has not left yet.
    const client = this.request.socket;
    if (!client) return;
    const member = this.#tries.next(client);
    if (member) this.#send(member, client);
    else this.conclude(UNHEALTHY);
  }

  #send({ pool, endpoint }: Member, client: Socket): void {
    const { request, addressAt, times } = this.#outgoing;
    this.endpoint = endpoint;
    try {
      const attempt = pool.send({ ...request, ...addressAt(endpoint) }, this, times, client);
      if (authenticatesConnection(request.fields)) attempt.reserveFor(client);
      this.#attempt = attempt;
      this.source = attempt;
    } catch (fault) {
      this.onFault(fault);
    }
  }
}
