/** One request of a client, and the way to respond to it. Once it has ended, nothing that is called here reaches the connection. */

import type { Socket } from 'node:net';
import { type HeaderList, NO_FIELDS } from '../header-list.ts';
import type { Peer, RequestHandler, RequestHead, ResponseHead, UnparsedReason } from '../message.ts';
import type { RequestInput } from './request-input.ts';
import type { ResponseSender } from './response-sender.ts';

/** The connection of a request, as long as the request is under way. */
export interface RequestChannel {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly input: RequestInput;
  readonly sender: ResponseSender;
  /** The next piece of the body is waited for. @param time milliseconds, from now on; as before where it is not given. */
  awaitBody(time?: number): void;
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
  onFault: fault => {
    throw fault;
  },
};

export class IncomingRequest {
  readonly head: RequestHead;
  readonly peer: Peer;
  /** Why there is no head. The connection closes with the response. */
  readonly unparsed: UnparsedReason | undefined;
  /** To be set before anything else is done. */
  handler: RequestHandler = NO_HANDLER;
  #channel: RequestChannel | undefined;
  #status: number | undefined;
  #hasEnded = false;
  #received = 0;
  #sent = 0;

  constructor(channel: RequestChannel, head: RequestHead | undefined, unparsed?: UnparsedReason) {
    this.#channel = channel;
    this.peer = channel.peer;
    this.head = head ?? UNPARSED;
    this.unparsed = unparsed;
  }

  /** Whether nothing can be sent any more: the response has been written, or the client has left. */
  get isOver(): boolean {
    return this.#channel === undefined || this.#hasEnded;
  }

  /** Of the final response, once it has begun. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Bytes of the body that were passed to the handler, without its framing. */
  get received(): number {
    return this.#received;
  }

  /** Bytes of the body of the response that were given to the connection, without its framing. */
  get sent(): number {
    return this.#sent;
  }

  /** The client's connection; `undefined` once the request is over. */
  get socket(): Socket | undefined {
    return this.#channel?.socket;
  }

  /**
   * Passes the body to the handler from now on. A client that waits for 100 Continue gets it (RFC 9110 section 10.1.1).
   *
   * @param time milliseconds for the next piece, whenever one is wanted; by default that of the server.
   */
  startBody(time?: number): void {
    const channel = this.#channel;
    if (!channel) return;
    if (channel.sender.isAwaited && this.#status === undefined) channel.sender.sendContinue();
    if (channel.input.isBodyComplete) this.handler.onBodyEnd();
    else this.#takeBody(time);
  }

  /** After `onBody` returned false: the next piece may come. */
  resumeBody(): void {
    this.#takeBody();
  }

  /** The rest of the body is of no use: it is dropped, so that the client gets to reading its response. */
  dropBody(): void {
    if (this.#channel && !this.#channel.input.isBodyComplete) this.#channel.input.dropBody();
  }

  /**
   * A whole response. Where the body has not been read to its end, the connection closes behind it. Another one that was begun is taken
   * back if nothing of it has left; else the connection is reset, so that it cannot look whole (RFC 9112 section 8).
   */
  respond(head: Omit<ResponseHead, 'body'>, body: Buffer): void {
    const channel = this.#channel;
    if (!channel || this.#hasEnded) return;
    if (this.#status !== undefined && !channel.sender.retract()) {
      channel.abort();
      return;
    }
    this.#sent = 0;
    if (!channel.input.isBodyComplete) channel.sender.closeAfter();
    this.dropBody();
    if (this.#start({ ...head, body: body.length }) !== 'none') this.write(body);
    this.end();
  }

  /** An interim response (RFC 9110 section 15.2), unless the client does not know of them. */
  interim(status: number, fields: HeaderList): void {
    if (this.#status === undefined) this.#channel?.sender.sendInterim(status, fields);
  }

  /** Begins a response. What has no body, such as a 304, gets none: only `end` may follow. */
  start(head: ResponseHead): void {
    if (this.#status === undefined) this.#start(head);
  }

  /** @returns whether more may be written at once; else `onClientReady` is called when it may. */
  write(piece: Buffer): boolean {
    if (!this.#channel || this.#hasEnded) return false;
    this.#sent += piece.length;
    return this.#channel.sender.write(piece);
  }

  /**
   * A body shorter than its Content-Length resets the connection, so that the client sees it as incomplete.
   *
   * @param patience milliseconds for the client to take what still waits for it; by default that of the server.
   */
  end(patience?: number): void {
    const channel = this.#channel;
    if (!channel || this.#hasEnded) return;
    this.#hasEnded = true;
    // A client that sends all of its body before it reads would not get to its response.
    this.dropBody();
    channel.onResponseEnd(channel.sender.end(patience));
  }

  /** An Expect is not this client's own: it is never answered with 100 Continue, and its body comes all the same. */
  ignoreExpectation(): void {
    this.#channel?.sender.ignoreExpectation();
  }

  /** The connection closes with the response: what the client sends behind this request may be of another protocol. */
  closeAfter(): void {
    this.#channel?.sender.closeAfter();
  }

  /** Resets the connection: what the client has of a response must not look whole (RFC 9112 section 8). */
  abort(): void {
    this.#channel?.abort();
  }

  /** @returns the connection's socket, and what came behind the request: it is no longer HTTP. `undefined` if it is over. */
  detach(): { readonly socket: Socket; readonly rest: Buffer } | undefined {
    return this.#channel?.detach();
  }

  /** Called by the connection: a piece of the body. @returns as `RequestHandler.onBody`. */
  receive(piece: Buffer): boolean {
    this.#received += piece.length;
    return this.handler.onBody(piece);
  }

  /** Called by the connection: the request is over. */
  leave(): void {
    this.#channel = undefined;
  }

  #takeBody(time?: number): void {
    if (!this.#channel || this.#hasEnded) return;
    this.#channel.awaitBody(time);
    this.#channel.input.takeBody();
  }

  #start(head: ResponseHead) {
    this.#status = head.status;
    const channel = this.#channel;
    if (channel?.sender.isAwaited && !channel.input.isBodyComplete) channel.sender.closeAfter();
    return channel?.sender.start(head) ?? 'none';
  }
}
