/**
 * One request of a connection at a time (RFC 9112 section 9.3.2). ParserInput gives node:http the next head when the current
 * request has been served. A request waits here only if its head was in the same slice as the end of the previous body.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { UnparsedReason } from './unparsed-request.ts';

/** A request as the listener passes it on. In all kinds but `http`, node:http no longer handles the socket. */
export type IncomingRequest =
  | { readonly kind: 'http'; readonly request: IncomingMessage; readonly response: ServerResponse }
  /** A request to upgrade; `received` are the bytes after its head. */
  | {
      readonly kind: 'websocket';
      readonly request: IncomingMessage;
      readonly socket: Socket;
      readonly received: Buffer;
    }
  /** One that could not be parsed, or CONNECT. */
  | {
      readonly kind: 'refused';
      readonly request: IncomingMessage;
      readonly socket: Socket;
      readonly reason: UnparsedReason;
    };

/**
 * One served and one waiting. ParserInput lets a third through only for input that is not HTTP/1; the connection is closed
 * then (`pipeline_limit`).
 */
const MOST_REQUESTS = 2;

interface QueueHandlers {
  /** Serves a request. Where it rejects, the connection is closed. */
  readonly serve: (request: IncomingRequest) => Promise<void>;
  /** A request has been served. If another was waiting, it is the current one by then. */
  readonly onServed: (socket: Duplex) => void;
  /** A connection is closed because too many of its requests wait. */
  readonly onOverflow: () => void;
}

/** The queues of all connections. */
export class RequestQueues {
  readonly #queues = new WeakMap<Duplex, RequestQueue>();
  readonly #handlers: QueueHandlers;

  constructor(handlers: QueueHandlers) {
    this.#handlers = handlers;
  }

  /** Serves `request` when all earlier ones of this connection have been served. One too many closes the connection. */
  add(socket: Duplex, request: IncomingRequest): void {
    const queue = this.#queues.get(socket) ?? this.#open(socket);
    if (queue.add(request) || socket.destroyed) return;
    this.#handlers.onOverflow();
    socket.destroy();
  }

  /** @returns the request that is being served on this connection. */
  current(socket: Duplex): IncomingRequest | undefined {
    return this.#queues.get(socket)?.current;
  }

  #open(socket: Duplex): RequestQueue {
    const queue = new RequestQueue(socket, this.#handlers);
    this.#queues.set(socket, queue);
    return queue;
  }
}

/** The queue of one connection. */
class RequestQueue {
  current: IncomingRequest | undefined;
  readonly #socket: Duplex;
  readonly #handlers: QueueHandlers;
  readonly #waiting: IncomingRequest[] = [];

  constructor(socket: Duplex, handlers: QueueHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
  }

  /** @returns whether there was room for it. */
  add(request: IncomingRequest): boolean {
    if (!this.current) this.#serve(request);
    else if (this.#waiting.length + 1 < MOST_REQUESTS) this.#waiting.push(request);
    else return false;
    return true;
  }

  #serve(request: IncomingRequest): void {
    this.current = request;
    try {
      this.#handlers.serve(request).then(this.#next, this.#fail);
    } catch {
      this.#fail();
    }
  }

  readonly #next = (): void => {
    this.current = undefined;
    const next = this.#waiting.shift();
    if (next) this.#serve(next);
    this.#handlers.onServed(this.#socket);
  };

  /** After a fault for which no refusal could be sent. The waiting request is still served, and recorded. */
  readonly #fail = (): void => {
    this.#socket.destroy();
    this.#next();
  };
}
