/** One request under way. Each step adds what it found out; all of it is recorded when the response has closed. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Decision } from './authorization/authorize.ts';
import { createResponse } from './client/local-reply.ts';
import type { IncomingRequest } from './client/request-queue.ts';
import type { Failure, Outcome, Reason } from './denial.ts';
import { toLoggablePath } from './route/loggable-path.ts';
import type { Match } from './route/match.ts';
import { isAuthority, type RequestHead } from './route/request-head.ts';
import type { FinishedRequest } from './telemetry/finished-request.ts';

/** The client closed before a response was sent. The code is nginx's, since none is registered. */
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
  /** The reason of a refusal: of the decision, or of a step before it. */
  refused: Reason | undefined;
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
   * @returns settles when the response has closed; at once where the connection ended while the request was in the queue: it
   *   is decided and recorded all the same.
   */
  watch(onReadTimeout: (socket: Socket) => void): Promise<void> {
    const { response } = this;
    response.on('error', destroyResponse).on('timeout', onReadTimeout);
    const { socket } = response;
    if (!socket?.writable) {
      response.destroy();
      return Promise.resolve();
    }
    // The read time-out of the response before.
    if (socket.timeout) socket.setTimeout(0);
    return new Promise(resolve => {
      response.on('close', resolve);
    });
  }

  /** @returns its record. To be called once, when nothing more can happen to it. */
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
    if (this.head) return this.head.authority;
    const { host = '' } = this.request.headers;
    return isAuthority(host) ? host : '';
  }

  /** As forwarded; as sent where it was refused for its path, or reported for it. */
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
    if (this.refused) return 'denied';
    if (this.failure) return 'failed';
    return this.decision?.denial ? 'reported' : 'forwarded';
  }

  /** A refusal after the decision, such as that of a fault, is recorded with its own reason. */
  #denial(): FinishedRequest['denial'] {
    const decided = this.decision?.denial;
    if (this.refused && this.refused !== decided?.reason) return { reason: this.refused };
    return decided;
  }
}

function destroyResponse(this: ServerResponse): void {
  this.destroy();
}
