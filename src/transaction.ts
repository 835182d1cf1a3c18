/** The state of one request. Each step sets its result here; all of it is recorded when the response has closed. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Decision } from './authorization/authorize.ts';
import { createResponse } from './client/local-reply.ts';
import type { IncomingRequest } from './client/request-queue.ts';
import type { Failure, Outcome, Reason } from './denial.ts';
import { isAuthority } from './route/authority.ts';
import { toLoggablePath } from './route/loggable-path.ts';
import type { Match } from './route/match.ts';
import type { RequestHead } from './route/request-head.ts';
import type { FinishedRequest } from './telemetry/finished-request.ts';

/** Logged where the client closed before a response was sent. The code is nginx's, since none is registered. */
const CLIENT_CLOSED_REQUEST = 499;

export class Transaction {
  readonly requestId: string = randomUUID();
  readonly incoming: IncomingRequest;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #startedAt = performance.now();
  head: RequestHead | undefined;
  match: Match | undefined;
  decision: Decision | undefined;
  /** Why it was refused, by the decision or by another step. */
  refusedFor: Reason | undefined;
  failure: Failure | undefined;
  upstreamMs: number | undefined;
  upgraded = false;

  constructor(incoming: IncomingRequest) {
    this.incoming = incoming;
    this.request = incoming.request;
    this.response = incoming.kind === 'http' ? incoming.response : createResponse(incoming.request, incoming.socket);
  }

  /**
   * @param onReadTimeout called with the socket of a client that has not read for too long.
   * @returns settles when the response has closed; at once if the client disconnected while the request was queued. Such a
   *   request is still decided and logged, with 499.
   */
  watch(onReadTimeout: (socket: Socket) => void): Promise<void> {
    const { response } = this;
    response.on('error', destroyResponse).on('timeout', onReadTimeout);
    const { socket } = response;
    if (!socket?.writable) {
      response.destroy();
      return Promise.resolve();
    }
    // Clears the read time-out that the previous response on this connection set.
    if (socket.timeout) socket.setTimeout(0);
    return new Promise(resolve => {
      response.on('close', resolve);
    });
  }

  /** @returns the record of the request. Call it once, when no step is left. */
  finish(): FinishedRequest {
    const { request, decision } = this;
    return {
      requestId: this.requestId,
      route: this.match?.route,
      method: request.method ?? '',
      host: this.#host(),
      path: this.#path(),
      status: this.#status(),
      outcome: this.#outcome(),
      denial: this.#denial(),
      failure: this.failure,
      verified: decision?.verified,
      durationMs: performance.now() - this.#startedAt,
      upstreamMs: this.upstreamMs,
    };
  }

  #host(): string {
    if (this.head) return this.head.authority ?? '';
    const { host = '' } = this.request.headers;
    return isAuthority(host) ? host : '';
  }

  /** The canonical path, as forwarded. Where it is `ambiguous_path`, the path as sent, masked by `toLoggablePath`. */
  #path(): string {
    const { head, match } = this;
    if (!head?.path.ok) return toLoggablePath(head?.sentPath ?? this.request.url ?? '');
    if (head.path.contested.length === 0) return head.path.text;
    return toLoggablePath(match && !match.isAmbiguous ? head.path.text : head.sentPath);
  }

  #status(): number {
    if (this.upgraded) return 101;
    return this.response.headersSent ? this.response.statusCode : CLIENT_CLOSED_REQUEST;
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

function destroyResponse(this: ServerResponse): void {
  this.destroy();
}
