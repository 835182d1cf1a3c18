/** A request that the caller has received, on its way through the steps of a decision. Its body, where there is one, is here already. */

import { randomUUID } from 'node:crypto';
import type { Decision } from '../authorization/authorize.ts';
import type { LocalReply } from '../challenge/refusal.ts';
import type { Reason } from '../denial.ts';
import type { RequestHead as ParsedHead, RequestHandler } from '../http/message.ts';
import type { JudgedRequest } from '../judged-request.ts';
import type { McpRequest } from '../mcp/mcp-request.ts';
import type { Match } from '../route/match.ts';
import type { RequestHead } from '../route/request-head.ts';
import type { WholeBody } from '../whole-body.ts';

export interface AskedEvents {
  /** Once: the reply of ours, for a request that is not granted. */
  onReply(reply: LocalReply): void;
  onFault(fault: unknown): void;
}

export class AskedTransaction implements JudgedRequest {
  readonly requestId: string = randomUUID();
  readonly responseFields: string[] = ['X-Request-Id', this.requestId];
  readonly request: JudgedRequest['request'];
  readonly original: ParsedHead;
  readonly hasWholeBody: boolean;
  readonly #events: AskedEvents;
  head: RequestHead | undefined;
  match: Match | undefined;
  decision: Decision | undefined;
  vouched: JudgedRequest['vouched'];
  asked: McpRequest | undefined;
  body: WholeBody | undefined;
  readonly sessions: JudgedRequest['sessions'] = undefined;
  session: JudgedRequest['session'];
  issued: JudgedRequest['issued'];
  isHandshake = false;
  isInFlight = false;
  refusedFor: Reason | undefined;

  /** @param body `undefined`: there is none, or the caller has not read it. */
  constructor(head: ParsedHead, body: Uint8Array | undefined, events: AskedEvents) {
    this.original = head;
    this.hasWholeBody = body !== undefined;
    this.request = new ReceivedBody(head, body);
    this.#events = events;
  }

  wait<Result>(step: Promise<Result>, next: (result: Result) => void): void {
    step.then(next).catch((fault: unknown) => this.#events.onFault(fault));
  }

  reply(reply: LocalReply): undefined {
    this.#events.onReply({ ...reply, headers: [...reply.headers, ...this.responseFields] });
  }
}

const NOTHING = Buffer.alloc(0);

/** Nothing is read from a connection, and none is closed. */
class ReceivedBody {
  readonly isOver = false;
  readonly head: ParsedHead;
  handler: RequestHandler = NO_HANDLER;
  readonly #bytes: Uint8Array;

  constructor(head: ParsedHead, body: Uint8Array | undefined) {
    this.head = head;
    this.#bytes = body ?? NOTHING;
  }

  startBody(): void {
    const { handler } = this;
    const { buffer, byteOffset, byteLength } = this.#bytes;
    if (byteLength > 0) handler.onBody(Buffer.from(buffer, byteOffset, byteLength));
    // What is too long has ended its handler.
    if (this.handler === handler) handler.onBodyEnd();
  }

  closeAfter(): void {
    // The connection is the caller's.
  }
}

const NO_HANDLER: RequestHandler = {
  onBody: () => true,
  onBodyEnd: () => undefined,
  onBodyError: () => undefined,
  onClientReady: () => undefined,
  onClose: () => undefined,
  onFault: () => undefined,
};
