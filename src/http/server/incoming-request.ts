/** One request of a client, and the way to respond to it. Once it has ended, nothing that is called here reaches the connection. */

import type { Socket } from 'node:net';
import { type HeaderList, NO_FIELDS } from '../header-list.ts';
import type { RequestHandler, RequestHead, ResponseHead, UnparsedReason } from '../message.ts';
import type { RequestInput } from './request-input.ts';
import type { ResponseSender } from './response-sender.ts';

/** The connection of a request, as long as the request is under way. */
export interface RequestChannel {
  readonly socket: Socket;
  readonly input: RequestInput;
  readonly sender: ResponseSender;
  /** Milliseconds for the client to take what it is sent. */
  readonly patience: number;
  /** The next piece of the body is waited for. */
  awaitBody(): void;
  /** The response was written, with the result of `ResponseSender.end`. */
  onResponseEnd(result: 'sent' | 'waiting' | 'short'): void;
  abort(): void;
  detach(): { readonly socket: Socket; readonly rest: Buffer };
}

const UNPARSED: RequestHead = {
  method: '',
  target: '',
  version: '1.1',
  fields: NO_FIELDS,
  body: 'none',
  expects: 'nothing',
  protocol: undefined,
};

const NO_HANDLER: RequestHandler = {
  onBody: () => true,
  onBodyEnd: () => undefined,
  onBodyError: () => undefined,
  onClientReady: () => undefined,
  onClose: () => undefined,
};

export class IncomingRequest {
  readonly head: RequestHead;
  /** Why there is no head. The connection closes with the response. */
  readonly unparsed: UnparsedReason | undefined;
  /** To be set before anything else is done. */
  handler: RequestHandler = NO_HANDLER;
  #channel: RequestChannel | undefined;
  #isStarted = false;
  #hasEnded = false;

  constructor(channel: RequestChannel, head: RequestHead | undefined, unparsed?: UnparsedReason) {
    this.#channel = channel;
    this.head = head ?? UNPARSED;
    this.unparsed = unparsed;
  }

  /** Whether nothing can be sent any more: the response has been written, or the client has left. */
  get isOver(): boolean {
    return this.#channel === undefined || this.#hasEnded;
  }

  /** Whether a final response has begun. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** The client's connection, for its addresses; `undefined` once the request is over. */
  get socket(): Socket | undefined {
    return this.#channel?.socket;
  }

  /** Passes the body to the handler from now on. A client that waits for 100 Continue gets it (RFC 9110 section 10.1.1). */
  startBody(): void {
    const channel = this.#channel;
    if (!channel) return;
    if (channel.sender.isAwaited && !this.#isStarted) channel.sender.sendContinue();
    if (channel.input.isBodyComplete) this.handler.onBodyEnd();
    else this.resumeBody();
  }

  /** After `onBody` returned false: the next piece may come. */
  resumeBody(): void {
    if (!this.#channel || this.#hasEnded) return;
    this.#channel.awaitBody();
    this.#channel.input.takeBody();
  }

  /** The rest of the body is of no use: it is dropped, so that the client gets to reading its response. */
  dropBody(): void {
    if (this.#channel && !this.#channel.input.isBodyComplete) this.#channel.input.dropBody();
  }

  /** A whole response. With a body that has not all come, the connection closes behind it. */
  respond(head: Omit<ResponseHead, 'body'>, body: Buffer): void {
    if (this.#isStarted || !this.#channel) return;
    this.dropBody();
    if (!this.#channel.input.isBodyComplete) this.#channel.sender.closeAfter();
    if (this.#start({ ...head, body: body.length }) !== 'none') this.write(body);
    this.end();
  }

  /** An interim response (RFC 9110 section 15.2), unless the client does not know of them. */
  interim(status: number, fields: HeaderList): void {
    if (!this.#isStarted) this.#channel?.sender.sendInterim(status, fields);
  }

  /** Begins a response. What has no body, such as a 304, gets none: only `end` may follow. */
  start(head: ResponseHead): void {
    if (!this.#isStarted) this.#start(head);
  }

  /** @returns whether more may be written at once; else `onClientReady` is called when it may. */
  write(piece: Buffer): boolean {
    if (!this.#channel || this.#hasEnded) return false;
    return this.#channel.sender.write(piece, this.#channel.patience);
  }

  /** A body shorter than its Content-Length resets the connection, so that the client sees it as incomplete. */
  end(): void {
    if (!this.#channel || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#channel.onResponseEnd(this.#channel.sender.end(this.#channel.patience));
  }

  /** Resets the connection: what the client has of a response must not look whole (RFC 9112 section 8). */
  abort(): void {
    this.#channel?.abort();
  }

  /** @returns the connection's socket, and what came behind the request: it is no longer HTTP. `undefined` if it is over. */
  detach(): { readonly socket: Socket; readonly rest: Buffer } | undefined {
    return this.#channel?.detach();
  }

  /** Called by the connection: the request is over. */
  leave(): void {
    this.#channel = undefined;
  }

  #start(head: ResponseHead) {
    this.#isStarted = true;
    const channel = this.#channel;
    if (channel?.sender.isAwaited && !channel.input.isBodyComplete) channel.sender.closeAfter();
    return channel?.sender.start(head) ?? 'none';
  }
}
