/**
 * One connection of a client: a request is read, answered and told to have ended before the next one is read (RFC 9112 section
 * 9.3). All listeners and time-outs are the connection's.
 */

import type { Socket } from 'node:net';
import type { RequestEnd, ResponseHead, UnparsedReason } from '../message.ts';
import type { ParseFault } from '../parsing/parse-error.ts';
import type { ParsedRequest } from '../parsing/request-head.ts';
import type { Swept } from '../sweeper.ts';
import { IncomingRequest } from './incoming-request.ts';
import { type InputEvents, RequestInput } from './request-input.ts';
import { ResponseSender } from './response-sender.ts';
import type { HttpServer } from './server.ts';

/** Of a body that nobody reads, or behind the last response: what is read and dropped, so that the client can read that response. */
const LINGER_BYTES = 64 * 1024 * 1024;
const LINGER_TIME = 1_000;
const NEVER = Number.POSITIVE_INFINITY;

const UNPARSED: Readonly<Record<ParseFault, UnparsedReason>> = {
  malformed: 'malformed_request',
  too_large: 'headers_too_large',
  version: 'version_not_supported',
};

/** `flushing`: the response was written, and waits for the client. `draining`: so does the rest of the request's body. */
type Phase = 'idle' | 'serving' | 'flushing' | 'draining' | 'lingering' | 'closed';

export class ServerConnection implements Swept, InputEvents {
  readonly socket: Socket;
  readonly #server: HttpServer;
  readonly #input: RequestInput;
  readonly #sender: ResponseSender;
  #phase: Phase = 'idle';
  #request: IncomingRequest | undefined;
  #parsed: ParsedRequest | undefined;
  /** After the response under way. */
  #mustClose = false;
  #hasServed = false;
  /** For the client to send, by `performance.now()`. */
  #sentBy: number;
  #lingered = 0;

  constructor(socket: Socket, server: HttpServer) {
    this.socket = socket;
    this.#server = server;
    this.#input = new RequestInput(socket, server.settings.headLimit, this);
    this.#sender = new ResponseSender(socket, () => this.#run(this.#onFlushed));
    this.#sentBy = performance.now() + server.settings.timeouts.headers;
    socket.setNoDelay(true);
    socket.on('data', this.#onData).on('drain', this.#onDrain).on('end', this.#onEnd);
    socket.on('error', this.#onError).on('close', this.#onClose);
  }

  get isIdle(): boolean {
    return this.#phase === 'idle' && !this.#input.isInHead;
  }

  /** The response under way is the last; without one, the connection closes now. */
  closeSoon(): void {
    this.#mustClose = true;
    if (this.isIdle) this.#linger();
  }

  destroy(): void {
    this.socket.destroy();
  }

  onHead(head: ParsedRequest): void {
    this.#parsed = head;
    this.#begin(new IncomingRequest(this, head));
  }

  onBody(piece: Buffer): void {
    this.#awaitBody();
    this.#input.holdBody();
    if (this.#request?.handler.onBody(piece)) this.#input.takeBody();
    if (this.#phase === 'serving' && !this.#input.isBodyWanted) this.#sentBy = NEVER;
  }

  onBodyEnd(): void {
    if (this.#phase === 'draining') this.#next();
    if (this.#phase !== 'serving') return;
    this.#sentBy = NEVER;
    this.#request?.handler.onBodyEnd();
  }

  onFault(fault: ParseFault): void {
    this.#mustClose = true;
    this.#sentBy = NEVER;
    if (this.#phase === 'idle') this.#refuse(UNPARSED[fault]);
    else if (this.#phase === 'serving') this.#request?.handler.onBodyError('malformed_request');
    else if (this.#phase === 'draining') this.#linger();
  }

  startBody(): void {
    if (this.#sender.isAwaited(this.#parsed) && !this.#request?.isStarted) this.#sender.sendContinue();
    if (this.#input.isBodyComplete) this.#request?.handler.onBodyEnd();
    else this.resumeBody();
  }

  resumeBody(): void {
    if (this.#phase !== 'serving') return;
    this.#awaitBody();
    this.#input.takeBody();
  }

  dropBody(): void {
    if (this.#phase === 'serving' && !this.#input.isBodyComplete) this.#input.dropBody();
  }

  respond(head: ResponseHead, body: Buffer): void {
    this.dropBody();
    if (!this.#input.isBodyComplete) this.#mustClose = true;
    if (this.#start(head) !== 'none') this.write(body);
    this.endResponse();
  }

  /** A client of HTTP/1.0 would take it for the response. */
  sendInterim(head: ResponseHead): void {
    if (this.#parsed?.version === '1.1') this.#sender.sendInterim(head);
  }

  startResponse(head: ResponseHead): void {
    this.#start(head);
  }

  write(piece: Buffer): boolean {
    return this.#sender.write(piece, this.#server.settings.timeouts.body);
  }

  endResponse(): void {
    if (this.#phase !== 'serving') return;
    const state = this.#sender.end(this.#server.settings.timeouts.body);
    if (state === 'sent') this.#finish();
    else if (state === 'waiting') this.#phase = 'flushing';
    else this.abortResponse();
  }

  abortResponse(): void {
    this.#end('aborted');
    reset(this.socket);
  }

  detach(): { readonly socket: Socket; readonly rest: Buffer } {
    const rest = this.#input.close();
    const socket = this.socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd);
    socket.off('error', this.#onError).off('close', this.#onClose).pause();
    this.#close('detached');
    return { socket, rest };
  }

  sweep(now: number): void {
    if (this.#sender.isLate(now)) {
      this.#run(() => this.#end('slow_reader'));
      this.socket.destroy();
    } else if (now >= this.#sentBy) this.#run(this.#onLate);
  }

  #start(head: ResponseHead) {
    if (this.#sender.isAwaited(this.#parsed) && !this.#input.isBodyComplete) this.#mustClose = true;
    return this.#sender.start(this.#parsed, head, this.#mustClose);
  }

  #refuse(reason: UnparsedReason): void {
    this.#mustClose = true;
    this.#parsed = undefined;
    this.#input.close();
    this.#begin(new IncomingRequest(this, undefined, reason));
  }

  #begin(request: IncomingRequest): void {
    this.#phase = 'serving';
    this.#request = request;
    this.#sentBy = NEVER;
    this.#sender.begin();
    this.#server.events.onRequest(request);
  }

  #finish(): void {
    this.#hasServed = true;
    // Before the handler is told: what it calls then is about another request.
    const isLast = this.#sender.isLast || this.#mustClose;
    this.#end('complete');
    if (isLast || this.#mustClose) this.#linger();
    else if (this.#input.isBodyComplete) this.#next();
    else this.#drain();
  }

  /** The rest of the body must not be taken for the next request. */
  #drain(): void {
    this.#phase = 'draining';
    this.#sentBy = performance.now() + LINGER_TIME;
    this.#input.dropBody();
  }

  #next(): void {
    this.#phase = 'idle';
    this.#parsed = undefined;
    this.#sentBy = performance.now() + this.#server.settings.timeouts.keepAlive;
    this.#input.next();
  }

  /**
   * Ends our direction, and reads and drops what still comes: a connection that closes with unread bytes is reset, and the reset
   * may overtake the response (RFC 9112 section 9.6).
   */
  #linger(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'lingering';
    this.#sentBy = performance.now() + LINGER_TIME;
    this.#input.close();
    this.socket.end();
    this.socket.resume();
  }

  /** For the next piece of the body. */
  #awaitBody(): void {
    this.#sentBy = performance.now() + this.#server.settings.timeouts.body;
  }

  #end(end: RequestEnd): void {
    const request = this.#request;
    this.#request = undefined;
    request?.leave();
    request?.handler.onClose(end);
  }

  #close(end: RequestEnd): void {
    this.#phase = 'closed';
    this.#sentBy = NEVER;
    this.#sender.close();
    this.#server.onConnectionClose(this);
    this.#end(end);
  }

  /** A fault of a handler's must not end the process, and what is left of its request must not be served. */
  #run<Given>(event: (given: Given) => void, given?: Given): void {
    try {
      event.call(this, given as Given);
    } catch (fault) {
      this.#server.events.onFault(fault);
      this.socket.destroy();
    }
  }

  #receive(bytes: Buffer): void {
    if (this.#phase === 'lingering') {
      this.#lingered += bytes.length;
      if (this.#lingered > LINGER_BYTES) this.socket.destroy();
      return;
    }
    this.#input.receive(bytes);
    if (this.#phase === 'draining' && this.#input.dropped > LINGER_BYTES) this.socket.destroy();
    else if (this.#phase === 'idle' && this.#input.isInHead && this.#hasServed) this.#awaitHead();
  }

  /** From its first byte on. */
  #awaitHead(): void {
    this.#sentBy = Math.min(this.#sentBy, performance.now() + this.#server.settings.timeouts.headers);
  }

  readonly #onLate = (): void => {
    this.#sentBy = NEVER;
    if (this.#phase === 'serving') {
      this.#mustClose = true;
      this.#request?.handler.onBodyError('request_timeout');
    } else if (this.#phase !== 'idle') this.socket.destroy();
    else if (this.#input.isInHead) this.#refuse('request_timeout');
    else if (this.#hasServed) this.#linger();
    else this.socket.destroy();
  };

  readonly #onData = (bytes: Buffer): void => this.#run(this.#receive, bytes);

  readonly #onDrain = (): void => {
    this.#sender.onDrain();
    if (this.#phase === 'serving') this.#run(() => this.#request?.handler.onClientReady());
  };

  readonly #onFlushed = (): void => {
    this.#sender.onDrain();
    if (this.#phase === 'flushing') this.#finish();
  };

  /** A client that ends its side has left, also behind a whole request; what is no whole request gets a refusal. */
  readonly #onEnd = (): void => {
    if (this.#phase === 'idle' && this.#input.isInHead) this.#run(() => this.#refuse('malformed_request'));
    else if (this.#phase === 'idle') this.socket.end();
    else if (this.#phase === 'flushing') this.#mustClose = true;
    else if (this.#phase === 'lingering') this.socket.destroySoon();
    else this.socket.destroy();
  };

  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#input.close();
    this.#run(() => this.#close('client_gone'));
  };
}

/** Where it is no TCP connection, its end cuts a response just as well, save one that only the end of the connection frames. */
function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}
