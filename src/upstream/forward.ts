/** One granted request over HTTP: streamed both ways, each side held back by the other, cancelled from either. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from '../denial.ts';
import { BROKEN_OFF } from './failure.ts';
import type { ConnectionPool } from './pool.ts';
import { type BodyFault, type BodyLimits, RequestBody } from './request-body.ts';
import { Carriage, type Expiry } from './response-handler.ts';

/** How carrying a request ended. `client_gone`: nobody waits for the answer any more. `expired`: the token did. */
export type CarriedEnd = 'complete' | 'expired' | BodyFault | Failure;

export interface Carried {
  readonly end: CarriedEnd;
  /** Milliseconds from dispatch to the head of the response; `undefined` where none came. */
  readonly responseMs: number | undefined;
}

/** What is sent, all of it decided before. */
export interface OutgoingRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: string[];
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
}

/** What the client and its token are held to. */
export interface ForwardLimits {
  /** `undefined`: the request has no body. */
  readonly body: BodyLimits | undefined;
  /** Fields of ours for the answer: alternating names and values. */
  readonly notice: readonly string[];
  /** Milliseconds that a client may leave its response unread. */
  readonly readTimeout: number;
  readonly expiry: Expiry | undefined;
}

/** RFC 9110 section 9.2.2; without a body, sending one twice is as good as once. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Sends `outgoing` with the body of `request`, and the answer into `response`. A request that met a kept-alive connection
 * which the upstream had just closed is sent once more, where that is harmless (RFC 9112 section 9.3.1).
 *
 * @returns how it ended. With a failure the response's head may be out already: then its body must be aborted, never
 *   ended, lest a cut one look whole (RFC 9112 section 8). Rejects where undici refuses to send what we asked for.
 */
export function forward(
  pool: ConnectionPool,
  outgoing: OutgoingRequest,
  request: IncomingMessage,
  response: ServerResponse,
  limits: ForwardLimits,
): Promise<Carried> {
  const mayRepeat = limits.body === undefined && IDEMPOTENT.has(outgoing.method);
  return new Promise((resolve, reject) => {
    const send = (isLast: boolean) => {
      const body = limits.body ? new RequestBody(request, limits.body) : null;
      const carriage = new Carriage(response, limits, reject, (end, responseMs) => {
        // The rest of an upload is not for the upstream any more, though it may still be read and dropped.
        if (end === 'expired') body?.destroy();
        if (end !== 'stale') resolve({ end, responseMs });
        else if (isLast) resolve({ end: BROKEN_OFF, responseMs: undefined });
        else queueMicrotask(() => send(true));
      });
      pool.dispatch({ ...outgoing, body, user: carriage }, carriage);
    };
    send(!mayRepeat);
  });
}
