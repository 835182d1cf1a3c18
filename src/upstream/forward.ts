/** One granted request over HTTP: streamed in both directions with back-pressure, cancelled from either side. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from '../denial.ts';
import { INCOMPLETE_RESPONSE } from './failure.ts';
import type { ConnectionPool } from './pool.ts';
import { type BodyAbort, type BodyLimits, RequestBody } from './request-body.ts';
import { ResponseHandler, type ResponseLimits } from './response-handler.ts';

/** How forwarding a request ended. `client_gone`: the client's connection closed. `expired`: the token did. */
export type ForwardEnd = 'complete' | 'expired' | BodyAbort | Failure;

export interface ForwardResult {
  readonly end: ForwardEnd;
  /** Milliseconds from dispatch to the head of the response; `undefined` where none came. */
  readonly responseMs: number | undefined;
}

/** What is sent. */
export interface OutgoingRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: string[];
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
}

/** The limits of the client and its token, and the fields that are added to the response. */
export interface ForwardLimits extends ResponseLimits {
  /** `undefined`: the request has no body. */
  readonly body: BodyLimits | undefined;
}

/** RFC 9110 section 9.2.2: without a body, these may be sent twice. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Sends `outgoing` with the body of `request`, and writes the upstream's response to `response`. Where the upstream had just
 * closed the kept-alive connection, the request is sent once more if that is harmless (RFC 9112 section 9.3.1).
 *
 * @returns how it ended. With a failure the response's head may be sent already: then its body must be aborted, never
 *   ended, so that a cut body does not look complete (RFC 9112 section 8). Rejects where undici refuses to send the request.
 */
export function forward(
  pool: ConnectionPool,
  outgoing: OutgoingRequest,
  request: IncomingMessage,
  response: ServerResponse,
  limits: ForwardLimits,
): Promise<ForwardResult> {
  const mayRepeat = limits.body === undefined && IDEMPOTENT.has(outgoing.method);
  return new Promise((resolve, reject) => {
    const send = (isLast: boolean) => {
      const body = limits.body ? new RequestBody(request, limits.body) : null;
      const handler = new ResponseHandler(response, limits, reject, (end, responseMs) => {
        // The upstream gets no more of the upload; the rest may still be read and dropped.
        if (end === 'expired') body?.destroy();
        if (end !== 'stale') resolve({ end, responseMs });
        else if (isLast) resolve({ end: INCOMPLETE_RESPONSE, responseMs: undefined });
        else queueMicrotask(() => send(true));
      });
      pool.dispatch({ ...outgoing, body, attempt: handler }, handler);
    };
    send(!mayRepeat);
  });
}
