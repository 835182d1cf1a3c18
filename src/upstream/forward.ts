/** One granted request over HTTP: streamed in both directions with back-pressure, cancelled from either side. */

import type { Attempt, AttemptTimes } from '../http/client/attempt.ts';
import { mayRepeat } from '../http/client/pool.ts';
import type { AttemptFailure, OutgoingRequest } from '../http/message.ts';
import type { IncomingRequest } from '../http/server/incoming-request.ts';
import { authenticatesConnection } from './authenticated-connection.ts';
import { INCOMPLETE_RESPONSE } from './failure.ts';
import type { ConnectionPool } from './pool.ts';
import { type ForwardEvents, ResponseHandler, type ResponseLimits } from './response-handler.ts';

/** What is sent, and on whose connections. */
export interface Outgoing {
  readonly pool: ConnectionPool;
  readonly request: OutgoingRequest;
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
}

/**
 * Sends a request with the body of `request`, and writes the upstream's response to it. Where the upstream had just closed the
 * kept-alive connection, the request is sent once more if that is harmless (RFC 9112 section 9.3.1). A request that cannot be
 * sent as what it is is a fault, since what is sent was decided here.
 */
export function forward(outgoing: Outgoing, request: IncomingRequest, events: ForwardEvents): void {
  new Forwarding(outgoing, request, events).start();
}

class Forwarding extends ResponseHandler {
  readonly #outgoing: Outgoing;
  #attempt: Attempt | undefined;
  #received = 0;
  #hasBodyEnded = false;
  #mayRepeat: boolean;

  constructor(outgoing: Outgoing, request: IncomingRequest, events: ForwardEvents) {
    super(request, outgoing.limits, events);
    this.#outgoing = outgoing;
    this.#mayRepeat = mayRepeat(outgoing.request);
  }

  /** A request with a body takes a connection when the first piece of it is there: a slow client holds none. */
  start(): void {
    const { body } = this.#outgoing.limits;
    if (body) this.request.startBody(body.timeout);
    else this.#send();
  }

  onBody(piece: Buffer): boolean {
    if (this.isOver) return true;
    const { size } = this.#outgoing.limits.body ?? {};
    this.#received += piece.length;
    if (size !== undefined && this.#received > size) {
      this.cancel('body_too_large');
      return true;
    }
    if (!this.#attempt) this.#send();
    return this.#attempt?.write(piece) ?? true;
  }

  onBodyEnd(): void {
    if (this.isOver) return;
    this.#hasBodyEnded = true;
    if (!this.#attempt) this.#send();
    this.#attempt?.end();
  }

  onUpstreamReady(): void {
    if (!this.#hasBodyEnded) this.request.resumeBody();
  }

  override onFailure(failure: AttemptFailure): void {
    if (failure.stage !== 'stale') super.onFailure(failure);
    else if (this.#mayRepeat) this.#sendAgain();
    else this.conclude(INCOMPLETE_RESPONSE);
  }

  #sendAgain(): void {
    this.#mayRepeat = false;
    this.#send();
  }

  #send(): void {
    const { pool, request, times } = this.#outgoing;
    // It has not left yet.
    const client = this.request.socket;
    if (!client) return;
    try {
      const attempt = pool.send(request, this, times, client);
      if (authenticatesConnection(request.fields)) attempt.reserveFor(client);
      this.#attempt = attempt;
      this.source = attempt;
    } catch (fault) {
      this.onFault(fault);
    }
  }
}
