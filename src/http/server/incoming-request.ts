/** One request of a client, and the way to respond to it. Once it has ended, nothing that is called here reaches the connection. */

import type { Socket } from 'node:net';
import { HeaderList } from '../fields/header-list.ts';
import type { RequestHandler, RequestHead, ResponseHead, UnparsedReason } from '../message.ts';
import type { ParsedRequest } from '../parsing/request-head.ts';
import type { ServerConnection } from './connection.ts';

const EMPTY = HeaderList.of();
const UNPARSED: RequestHead = {
  method: '',
  target: '',
  version: '1.1',
  fields: EMPTY,
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
  #connection: ServerConnection | undefined;
  #isStarted = false;

  constructor(connection: ServerConnection, head: ParsedRequest | undefined, unparsed?: UnparsedReason) {
    this.#connection = connection;
    this.head = head ?? UNPARSED;
    this.unparsed = unparsed;
  }

  /** Whether nothing can be sent any more: the response has been written, or the client has left. */
  get isOver(): boolean {
    return this.#connection === undefined;
  }

  /** Whether a final response has begun. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** The client's connection; `undefined` once the request is over. */
  get connection(): ServerConnection | undefined {
    return this.#connection;
  }

  /** Its body is told to the handler from now on. A client that waits for 100 gets it (RFC 9110 section 10.1.1). */
  startBody(): void {
    this.#connection?.startBody();
  }

  /** After `onBody` returned false: the next piece may come. */
  resumeBody(): void {
    this.#connection?.resumeBody();
  }

  /** The rest of the body is of no use: it is dropped, so that the client gets to reading its response. */
  dropBody(): void {
    this.#connection?.dropBody();
  }

  /** A whole response. With a body that has not all come, the connection closes behind it. */
  respond(head: Omit<ResponseHead, 'body'>, body: Buffer): void {
    if (this.#isStarted || !this.#connection) return;
    this.#isStarted = true;
    this.#connection.respond({ ...head, body: body.length }, body);
  }

  /** An interim response (RFC 9110 section 15.2), unless the client does not know of them. */
  interim(status: number, fields: HeaderList): void {
    if (!this.#isStarted) this.#connection?.sendInterim({ status, reason: '', fields, body: 'none' });
  }

  /** Begins a response. What has no body, such as a 304, gets none: only `end` may follow. */
  start(head: ResponseHead): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#connection?.startResponse(head);
  }

  /** @returns whether more may be written at once; else `onClientReady` is called when it may. */
  write(piece: Buffer): boolean {
    return this.#connection?.write(piece) ?? false;
  }

  /** Where the body is not as long as its head has said, the connection is reset, so that the client can tell. */
  end(): void {
    this.#connection?.endResponse();
  }

  /** Resets the connection: what the client has of a response must not look whole (RFC 9112 section 8). */
  abort(): void {
    this.#connection?.abortResponse();
  }

  /** @returns the connection's socket, and what came behind the request: it is no longer HTTP. `undefined` if it is over. */
  detach(): { readonly socket: Socket; readonly rest: Buffer } | undefined {
    return this.#connection?.detach();
  }

  /** Called by the connection. */
  leave(): void {
    this.#connection = undefined;
  }
}
