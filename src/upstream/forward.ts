/** One granted request over HTTP: streamed in both directions with back-pressure, cancelled from either side. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from '../denial.ts';
import type { Attempt, AttemptTimes } from '../http/client/attempt.ts';
import { mayRepeat } from '../http/client/pool.ts';
import type { OutgoingRequest } from '../http/message.ts';
import { authenticatesConnection } from './authenticated-connection.ts';
import { INCOMPLETE_RESPONSE } from './failure.ts';
import type { ConnectionPool } from './pool.ts';
import { type BodyAbort, type BodyLimits, RequestBody } from './request-body.ts';
import { type AttemptEnd, ResponseHandler, type ResponseLimits } from './response-handler.ts';

/** How forwarding a request ended. `client_gone`: the client's connection closed. `expired`: the token did. */
export type ForwardEnd = 'complete' | 'expired' | BodyAbort | Failure;

export interface ForwardResult {
  readonly end: ForwardEnd;
  /** Milliseconds from dispatch to the head of the response; `undefined` where none came. */
  readonly responseMs: number | undefined;
}

/** What is sent, and on whose connections. */
export interface Forwarding {
  readonly pool: ConnectionPool;
  readonly outgoing: OutgoingRequest;
  readonly times: AttemptTimes;
  readonly limits: ForwardLimits;
}

/** The limits of the client and its token, and the fields that are added to the response. */
export interface ForwardLimits extends ResponseLimits {
  /** `undefined`: the request has no body. */
  readonly body: BodyLimits | undefined;
}

/**
 * Sends a request with the body of `request`, and writes the upstream's response to `response`. Where the upstream had just
 * closed the kept-alive connection, the request is sent once more if that is harmless (RFC 9112 section 9.3.1).
 *
 * @returns how it ended. With a failure the response's head may be sent already: then its body must be aborted, never
 *   ended, so that a cut body does not look complete (RFC 9112 section 8). Rejects for a request that cannot be sent as what it
 *   is: a fault, since what is sent was decided here.
 */
export function forward(
  forwarding: Forwarding,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<ForwardResult> {
  return new Promise((resolve, reject) => {
    const send = (isLast: boolean) => {
      const conclude = (end: AttemptEnd, responseMs: number | undefined) => {
        if (end !== 'stale') resolve({ end, responseMs });
        else if (isLast) resolve({ end: INCOMPLETE_RESPONSE, responseMs: undefined });
        else send(true);
      };
      start(forwarding, request, new ResponseHandler(response, forwarding.limits, reject, conclude));
    };
    send(!mayRepeat(forwarding.outgoing));
  });
}

/** A request with a body takes a connection when the first piece of it is there: a slow client holds none. */
function start(
  { pool, outgoing, times, limits }: Forwarding,
  request: IncomingMessage,
  handler: ResponseHandler,
): void {
  const send = (): Attempt | undefined => {
    try {
      const attempt = pool.send(outgoing, handler, times, handler.client);
      if (authenticatesConnection(outgoing.fields)) attempt.reserveFor(handler.client);
      handler.source = attempt;
      return attempt;
    } catch (fault) {
      handler.onFault(fault);
      return undefined;
    }
  };
  if (limits.body) handler.body = new RequestBody(request, limits.body, send, abort => handler.cancel(abort));
  else send();
}
