/** One request while it is under way: the facts about it gather here, room by room, and are told when its response has closed. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Decision } from './authorization/authorize.ts';
import type { Failure, Outcome, Reason } from './denial.ts';
import { toLoggablePath } from './route/loggable-path.ts';
import type { Match } from './route/match.ts';
import { isAuthority, type RequestHead } from './route/request-head.ts';
import type { FinishedRequest } from './telemetry/finished-request.ts';

/** Nothing was sent: the client left first. The code is nginx's, for want of a registered one. */
const CLIENT_CLOSED_REQUEST = 499;

export class Exchange {
  readonly requestId: string = randomUUID();
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #startedAt = performance.now();
  head: RequestHead | undefined;
  match: Match | undefined;
  decision: Decision | undefined;
  /** A refusal that was answered: by the decision, or before there could be one. */
  refused: Reason | undefined;
  failure: Failure | undefined;
  upstreamMs: number | undefined;
  upgraded = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
  }

  /**
   * @param onTimeout called with the socket of a client that does not read.
   * @returns settles when the response has closed; at once for a request that was still waiting when its connection ended,
   *   which is judged and counted all the same.
   */
  watch(onTimeout: (socket: Socket) => void): Promise<void> {
    const { response } = this;
    response.on('error', destroyResponse).on('timeout', onTimeout);
    if (!response.socket?.writable) {
      response.destroy();
      return Promise.resolve();
    }
    return new Promise(resolve => {
      response.on('close', resolve);
    });
  }

  /** @returns what is told of it. Called once, when nothing more can happen to it. */
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

  /** As forwarded; what was refused for its path, or reported for it, as it was sent. */
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

  /** A fault after the decision is told as the fault it is. */
  #denial(): FinishedRequest['denial'] {
    const decided = this.decision?.denial;
    if (this.refused && this.refused !== decided?.reason) return { reason: this.refused };
    return decided;
  }
}

function destroyResponse(this: ServerResponse): void {
  this.destroy();
}
